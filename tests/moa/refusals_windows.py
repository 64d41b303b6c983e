"""Error bodies for questions that exceed the context window."""

from __future__ import annotations

from tests.moa.refusals import OVERFLOW, Case, of, of_openrouter

WINDOWS: list[Case] = [
    (
        "vLLM",
        400,
        {
            "object": "error",
            "message": "This model's maximum context length is 6048 tokens. However, you requested "
            "6616 tokens (5816 in the messages, 800 in the completion).",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        },
        OVERFLOW,
    ),
    (
        "vLLM, newer",
        400,
        of(
            "The decoder prompt (length 40000) is longer than the maximum model length of 32768.",
            type="BadRequestError",
            code=400,
        ),
        OVERFLOW,
    ),
    (
        "Anthropic",
        400,
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "prompt is too long: 233153 tokens > 200000 maximum",
            },
        },
        OVERFLOW,
    ),
    (
        "Anthropic, with its limit",
        400,
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "input length and `max_tokens` exceed context limit: 199000 + 4096 > "
                "200000, decrease input length or `max_tokens` and try again",
            },
        },
        OVERFLOW,
    ),
    (
        "Gemini, a list",
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": "The input token count (1200000) exceeds the maximum number of "
                    "tokens allowed (1048576).",
                    "status": "INVALID_ARGUMENT",
                }
            }
        ],
        OVERFLOW,
    ),
    (
        "Together, 422",
        422,
        of(
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: "
            "9000 `inputs` tokens and 800 `max_new_tokens`",
            type="invalid_request_error",
        ),
        OVERFLOW,
    ),
    (
        "Mistral",
        400,
        {
            "object": "error",
            "message": "Prompt contains 40000 tokens and 0 draft tokens, too large for model with "
            "32768 maximum context length",
            "type": "invalid_request_prompt_error",
            "code": "3051",
        },
        OVERFLOW,
    ),
    (
        "Groq, more than a minute's tokens",
        413,
        of(
            "Request too large for model `llama` in organization `org` on tokens per minute (TPM): "
            "Limit 6000, Requested 7600.",
            type="tokens",
            code="rate_limit_exceeded",
        ),
        OVERFLOW,
    ),
    ("Groq", 400, of("Please reduce the length of the messages or completion."), OVERFLOW),
    (
        "OpenRouter, quoting the server",
        400,
        of_openrouter(
            400,
            "Provider returned error",
            raw='{"error":{"message":"This model\'s maximum context length is 32768 tokens."}}',
            provider_name="X",
        ),
        OVERFLOW,
    ),
    (
        "LiteLLM",
        400,
        of(
            "litellm.BadRequestError: litellm.ContextWindowExceededError: ContextWindowExceeded"
            "Error: OpenAIException - {'error': {'message': 'too much'}}",
            type="None",
            param="None",
            code="400",
        ),
        OVERFLOW,
    ),
    ("Ollama", 400, {"error": "the input length exceeds the context length"}, OVERFLOW),
    (
        "LM Studio",
        400,
        {
            "error": "Trying to keep the first 9000 tokens when context the overflows. However, "
            "the model is loaded with context length of only 4096 tokens."
        },
        OVERFLOW,
    ),
    (
        "llama.cpp, old",
        500,
        of("the request exceeds the available context size, try increasing it"),
        OVERFLOW,
    ),
    ("Bedrock", 400, {"message": "Input is too long for requested model."}, OVERFLOW),
    (
        "xAI",
        400,
        {
            "code": "Client specified an invalid argument",
            "error": "This model's maximum prompt length is 131072 but the request contains 537812 "
            "tokens.",
        },
        OVERFLOW,
    ),
    (
        "FastAPI",
        422,
        {"detail": [{"loc": ["body", "messages"], "msg": "prompt is too long", "type": "value"}]},
        OVERFLOW,
    ),
]
