"""Error bodies about questions, models, keys and rate limits."""

from __future__ import annotations

from tests.moa.refusals import (
    CREDIT,
    FAILED,
    KEY,
    LOADING,
    MODERATION,
    NO_MODEL,
    OVERLOADED,
    RATE,
    REJECTED,
    UNSUPPORTED,
    WRONG_API,
    WRONG_PATH,
    Case,
    of,
    of_openrouter,
)

ONE_QUESTION: list[Case] = [
    (
        "OpenRouter, moderation",
        403,
        of_openrouter(
            403,
            "openai/gpt-x requires moderation on OpenInference. Your input was flagged for "
            '"violence".',
            reasons=["violence"],
            flagged_input="how do I ...",
        ),
        MODERATION,
    ),
    (
        "Azure, moderation",
        400,
        of(
            "The response was filtered due to the prompt triggering Azure OpenAI's content "
            "management policy.",
            code="content_filter",
            param="prompt",
            innererror={"code": "ResponsibleAIPolicyViolation"},
        ),
        MODERATION,
    ),
    ("DeepSeek, moderation", 400, of("Content Exists Risk"), MODERATION),
    ("xAI, moderation", 403, {"error": "Content violates usage guidelines."}, MODERATION),
    ("a bare 403", 403, {}, KEY),
    ("a firewall's 403", 403, "<html><h1>403 Forbidden</h1></html>", KEY),
    (
        "OpenRouter, images",
        404,
        of_openrouter(404, "No endpoints found that support image input"),
        UNSUPPORTED,
    ),
    ("vLLM, images", 400, of("m is not a multimodal model", code=400), UNSUPPORTED),
    (
        "Ollama, images",
        400,
        of("this model does not support image input", type="invalid_request_error"),
        UNSUPPORTED,
    ),
    (
        "OpenRouter, credit",
        402,
        of_openrouter(
            402,
            "This request requires more credits, or fewer max_tokens. You requested up to 8992 "
            "tokens, but can only afford 314.",
        ),
        CREDIT,
    ),
    ("a bare 402", 402, {}, CREDIT),
    ("a bare 404", 404, "", NO_MODEL),
    ("Go, a page", 404, "404 page not found", WRONG_PATH),
    ("vLLM, a page", 404, {"detail": "Not Found"}, WRONG_PATH),
    ("Express, a page", 404, "<pre>Cannot POST /chat/completions</pre>", WRONG_PATH),
    (
        "llama.cpp, a page",
        404,
        of("File Not Found", type="not_found_error", code=404),
        WRONG_PATH,
    ),
    (
        "OpenAI, a page",
        404,
        of("Invalid URL (POST /v1/v1/chat/completions)", type="invalid_request_error"),
        WRONG_PATH,
    ),
    (
        "an unsupported parameter",
        400,
        of("Unrecognized request argument supplied: logit_bias"),
        UNSUPPORTED,
    ),
    (
        "a refused value",
        400,
        of("temperature must be in [0, 1]", param="temperature", type="invalid_request_error"),
        REJECTED,
    ),
]

THE_MODEL: list[Case] = [
    ("OpenAI, key", 401, of("Incorrect API key provided", code="invalid_api_key"), KEY),
    (
        "Gemini, key",
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": "API key not valid. Please pass a valid API key.",
                    "status": "INVALID_ARGUMENT",
                    "details": [{"reason": "API_KEY_INVALID"}],
                }
            }
        ],
        KEY,
    ),
    ("Mistral, key", 401, {"message": "Unauthorized", "request_id": "1"}, KEY),
    ("OpenRouter, key", 401, of_openrouter(401, "No auth credentials found"), KEY),
    (
        "LiteLLM, key",
        403,
        of("key not allowed to access model. This key can only access models=['a']", code="403"),
        KEY,
    ),
    ("DeepSeek, credit", 402, of("Insufficient Balance", type="unknown_error"), CREDIT),
    (
        "Anthropic, credit",
        400,
        of(
            "Your credit balance is too low to access the Anthropic API.",
            type="invalid_request_error",
        ),
        CREDIT,
    ),
    ("OpenRouter, key's limit", 403, of_openrouter(403, "Key limit exceeded (total)"), CREDIT),
    (
        "LiteLLM, budget",
        400,
        of("Budget has been exceeded! Current cost: 10.1, Max budget: 10.0", code="400"),
        CREDIT,
    ),
    ("Ollama, model", 404, of('model "x" not found, try pulling it first'), NO_MODEL),
    ("OpenRouter, model", 400, of_openrouter(400, "x/y is not a valid model ID"), NO_MODEL),
    ("DeepSeek, model", 400, of("Model Not Exist"), NO_MODEL),
    (
        "vLLM, model",
        404,
        {
            "object": "error",
            "message": "The model `x` does not exist.",
            "type": "NotFoundError",
            "code": 404,
        },
        NO_MODEL,
    ),
    (
        "Azure, model",
        404,
        {
            "error": {
                "code": "DeploymentNotFound",
                "message": "The API deployment for this resource does not exist.",
            }
        },
        NO_MODEL,
    ),
    (
        "Anthropic, model",
        404,
        {"type": "error", "error": {"type": "not_found_error", "message": "model: claude-x"}},
        NO_MODEL,
    ),
    (
        "OpenAI, another API",
        404,
        of(
            "This is not a chat model and thus not supported in the v1/chat/completions endpoint. "
            "Did you mean to use v1/completions?",
            type="invalid_request_error",
            param="model",
        ),
        WRONG_API,
    ),
    ("Ollama, another API", 400, of('"nomic-embed-text" does not support chat'), WRONG_API),
]

PASSING: list[Case] = [
    ("llama.cpp", 503, of("Loading model", code=503, type="unavailable_error"), LOADING),
    ("Hugging Face", 503, {"error": "Model x is currently loading"}, LOADING),
    ("Moonshot", 429, of("The engine is busy", type="engine_overloaded_error"), OVERLOADED),
    ("Gemini", 503, [{"error": {"code": 503, "message": "The model is overloaded."}}], OVERLOADED),
    (
        "Anthropic, a minute's tokens",
        429,
        of(
            "Number of input tokens has exceeded your per-minute rate limit",
            type="rate_limit_error",
        ),
        RATE,
    ),
    ("GitHub", 403, {"message": "API rate limit exceeded for user"}, RATE),
    ("a proxy", 502, "<html><title>502 Bad Gateway</title></html>", FAILED),
]
