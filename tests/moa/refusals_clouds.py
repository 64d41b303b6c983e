"""Error bodies of Bedrock, Vertex and Azure about keys and models."""

from __future__ import annotations

from tests.moa.refusals import KEY, NO_MODEL, RATE, WRONG_PATH, Case

_BEDROCK_KEYS: list[Case] = [
    (
        f"Bedrock, {words[:30]}",
        403,
        {"message": words},
        KEY,
    )
    for words in (
        "The security token included in the request is invalid.",
        "The security token included in the request is expired",
        (
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method."
        ),
        (
            "User: arn:aws:iam::1:user/x is not authorized to perform: "
            "bedrock:InvokeModelWithResponseStream on resource: arn:aws:bedrock:eu-west-1::m"
        ),
        "You don't have access to the model with the specified model ID.",
    )
]
CLOUDS: list[Case] = [
    *_BEDROCK_KEYS,
    ("Bedrock, id", 400, {"message": "The provided model identifier is invalid."}, NO_MODEL),
    (
        "Bedrock, profile",
        400,
        {
            "message": "Invocation of model ID m with on-demand throughput isn't supported. Retry "
            "your request with the ID or ARN of an inference profile that contains this model."
        },
        NO_MODEL,
    ),
    (
        "Vertex, permission",
        403,
        [
            {
                "error": {
                    "code": 403,
                    "message": "Permission 'aiplatform.endpoints.predict' denied on resource "
                    "'//aiplatform.googleapis.com/projects/p' (or it may not exist).",
                    "status": "PERMISSION_DENIED",
                }
            }
        ],
        KEY,
    ),
    (
        "Vertex, model",
        404,
        {
            "error": {
                "code": 404,
                "message": "Publisher Model `projects/p/locations/r/publishers/anthropic/models/m` "
                "was not found or your project does not have access to it.",
                "status": "NOT_FOUND",
            }
        },
        NO_MODEL,
    ),
    (
        "Azure, role",
        401,
        {
            "error": {
                "code": "PermissionDenied",
                "message": "The principal `p` lacks the required data action "
                "`Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action`.",
            }
        },
        KEY,
    ),
]
CLOUD_LIMITS: list[Case] = [
    (
        "Bedrock, rate",
        429,
        {"message": "Too many requests, please wait before trying again."},
        RATE,
    ),
    (
        "Azure, address",
        404,
        {"error": {"code": "404", "message": "Resource not found"}},
        WRONG_PATH,
    ),
]
