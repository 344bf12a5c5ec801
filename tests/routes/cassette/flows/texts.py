"""Flows whose answers are texts, schemas and positions: there is no secret in them but in the header that asks."""

from __future__ import annotations

from .kit import Call, Flow, bearer

OPENAI, ANTHROPIC, GOOGLE = "sk-proj-" + "a1B2" * 12, "sk-ant-api03-" + "a1B_" * 23 + "xAA", "AIza" + "a1B2c" * 7
CHAT = "https://api.openai.com/v1/chat/completions"
CLAUDE = "https://api.anthropic.com/v1/messages"
KEY = {"x-api-key": ANTHROPIC, "anthropic-version": "2023-06-01"}
SIGNATURE = "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds7gCPbd4tWqJ5rN"


def asked(name: str, answer: object, sent: object = None) -> Flow:
    return Flow(
        name,
        (Call(CHAT, answer, sent or {"model": "m", "messages": [{"role": "user", "content": "hi"}]}, headers=bearer(OPENAI)),),
        (OPENAI,),
    )


def got(name: str, answer: object, url: str = "https://api.test/a", sent: object = None) -> Flow:
    return Flow(name, (Call(url, answer, sent),))


SCHEMA = {
    "type": "object",
    "required": ["user", "password"],
    "properties": {
        "user": {"type": "string"},
        "password": {"type": "string", "format": "password", "minLength": 8, "example": "hunter2"},
        "token": {"$ref": "#/components/schemas/Token"},
        "secret": {"type": ["string", "null"], "description": "The client's secret"},
        "api_key": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": "abcdef0123456789"},
        "pin": {"enum": ["1234", "5678"], "type": "string"},
    },
}

TEXTS = (
    asked(
        "OpenAI log probabilities",
        {
            "choices": [
                {
                    "message": {"content": "x86 a1b2c3"},
                    "logprobs": {
                        "content": [
                            {
                                "token": "x86",
                                "logprob": -0.3,
                                "bytes": [120],
                                "top_logprobs": [{"token": "a1b2c3d4e5f6a7b8", "logprob": -1.5, "bytes": None}],
                            }
                        ]
                    },
                }
            ]
        },
    ),
    asked(
        "OpenAI legacy completions",
        {
            "choices": [
                {
                    "text": "Hi",
                    "logprobs": {
                        "tokens": ["Hi", " password"],
                        "token_logprobs": [-0.1, -12345.5],
                        "top_logprobs": [{" secret": -1.25, "token": -4567}],
                    },
                }
            ]
        },
    ),
    asked(
        "OpenAI tool calls",
        {
            "choices": [
                {
                    "message": {
                        "tool_calls": [
                            {
                                "id": "call_abc123DEF456ghi789JKL012",
                                "type": "function",
                                "function": {"name": "set_password_policy", "arguments": '{"token": "word", "length": 12}'},
                            }
                        ]
                    }
                }
            ],
            "usage": {"prompt_tokens": 12345, "total_tokens": 23456},
        },
    ),
    asked(
        "OpenAI tools with a schema",
        {"tools": [{"type": "function", "function": {"name": "login", "parameters": SCHEMA}}]},
        {"model": "m", "tools": [{"type": "function", "function": {"name": "login", "parameters": SCHEMA}}]},
    ),
    asked(
        "OpenAI responses",
        {
            "id": "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b",
            "output": [{"type": "reasoning", "encrypted_content": "gAAAAABo" * 8}],
            "next_page_token": "CAUQAA1234567890",
            "max_output_tokens": 4096,
        },
    ),
    asked(
        "a stream of tokens",
        'data: {"token": "Hel"}\n\ndata: {"token": "lo 2024"}\n\ndata: {"token": {"id": 1234, "text": " a1b2c3d4", "logprob": -0.5, '
        '"special": false}}\n\ndata: [DONE]\n\n',
    ),
    Flow(
        "Anthropic thinking",
        (
            Call(
                CLAUDE,
                {
                    "content": [{"type": "thinking", "thinking": "Let me see", "signature": SIGNATURE}, {"type": "text", "text": "Hi"}],
                    "usage": {"cache_creation_input_tokens": 123456},
                },
                {"model": "claude", "max_tokens": 1024},
                headers=KEY,
            ),
            Call(
                CLAUDE,
                {"content": [{"type": "text", "text": SIGNATURE}]},
                {"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "Let me see", "signature": SIGNATURE}]}]},
                headers=KEY,
            ),
        ),
        (ANTHROPIC,),
        kept=(SIGNATURE,),
    ),
    Flow(
        "Anthropic stream",
        (
            Call(
                CLAUDE,
                'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta",'
                f'"signature":"{SIGNATURE}"}}}}\n\nevent: message_stop\ndata: {{"type":"message_stop"}}\n\n',
                {},
                headers=KEY,
            ),
        ),
        (ANTHROPIC,),
    ),
    Flow(
        "Anthropic tool use",
        (
            Call(
                CLAUDE,
                {
                    "content": [{"type": "tool_use", "id": "toolu_01A09q90qw90lq917835lq9", "name": "get", "input": {"key": "name"}}],
                    "stop_reason": "tool_use",
                },
                {},
                headers=KEY,
            ),
        ),
        (ANTHROPIC,),
    ),
    Flow(
        "Gemini",
        (
            Call(
                f"https://generativelanguage.googleapis.com/v1beta/models/gemini:generateContent?key={GOOGLE}",
                {
                    "candidates": [
                        {
                            "content": {"parts": [{"text": "Hi", "thoughtSignature": SIGNATURE}]},
                            "logprobsResult": {"chosenCandidates": [{"token": "a1b2c3d4e5", "tokenId": 12345, "logProbability": -0.1}]},
                        }
                    ],
                    "usageMetadata": {"totalTokenCount": 12345},
                },
                {},
            ),
        ),
        (GOOGLE,),
    ),
    got("Gemini pages", {"models": [{"name": "models/gemini"}], "nextPageToken": "Ch9tb2RlbHMvZ2VtaW5pLTEuMC1wcm8tdmlzaW9uLWxhdGVzdA=="}),
    got(
        "llama.cpp",
        {
            "content": "Hi",
            "completion_probabilities": [{"token": " 2024x9", "id": 15496, "logprob": -0.2}],
            "tokens": [15496, 23456],
            "stop": True,
        },
    ),
    got("Hugging Face mask", [{"score": 0.7, "token": 19968, "token_str": "p4ris2024abcd", "sequence": "x"}]),
    got(
        "Hugging Face generation",
        {"details": {"tokens": [{"id": 42, "text": "a1b2c3d4e5f6", "logprob": -0.5, "special": False}], "seed": 1234567}},
    ),
    got(
        "special tokens",
        {
            "bos_token": "<s>",
            "eos_token": {"content": "</s>", "lstrip": False},
            "unk_token": "<unk>",
            "pad_token": "[PAD]",
            "sep_token": "<|im_sep|>",
            "mask_token": "<mask>",
            "additional_special_tokens": ["<|im_start|>a1b2c3"],
            "eot_token": "<|eot_id|>",
        },
    ),
    got(
        "tokenizer.json",
        {
            "added_tokens": [{"id": 0, "content": "<unk>", "special": True}],
            "model": {
                "type": "BPE",
                "vocab": {
                    "the": 1234,
                    "token": 12345,
                    "password": 23456,
                    "secret": 34567,
                    "pin": 45678,
                    "Ġkey": 56789,
                    "api_key": 67890,
                    "passw0rd1": 7890,
                },
            },
        },
    ),
    got(
        "an analyser of text",
        {"tokens": [{"token": "a1b2c3d4e5", "start_offset": 0, "end_offset": 5, "type": "<ALPHANUM>", "position": 0}]},
    ),
    got("named entities", [{"token": "ACME2000corp", "tag": "ORG", "pos": "NNP"}]),
    got(
        "an OpenAPI document",
        {
            "openapi": "3.1.0",
            "components": {
                "schemas": {"Login": SCHEMA},
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer"},
                    "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                },
            },
        },
    ),
    got(
        "a Swagger document",
        {
            "paths": {
                "/login": {
                    "post": {
                        "parameters": [
                            {"name": "password", "in": "formData", "type": "string", "default": "string"},
                            {"name": "token", "in": "query", "schema": {"type": "string"}, "example": "abc123def456ghi7"},
                        ]
                    }
                }
            }
        },
    ),
    got(
        "a JSON Schema",
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **SCHEMA, "dependentRequired": {"password": ["confirmPassword"]}},
    ),
    got(
        "fields of a form",
        {
            "fields": [{"name": "password", "label": "Password", "type": "password"}, {"name": "token", "value": "", "type": "hidden"}],
            "password": {"label": "Password", "type": "password", "required": True, "help_text": "At least 8 characters"},
        },
    ),
    got(
        "a translation",
        {
            "login": {
                "title": "Anmelden",
                "username": "Benutzername",
                "password": "Passwort",
                "forgot_password": "Passwort vergessen?",
                "pin": "PIN-Code",
                "token": "Sicherheitsschlüssel",
                "secret": "geheim",
            }
        },
    ),
    got(
        "a translation in small letters",
        {"user": "utilisateur", "password": "motdepasse", "name": "nom", "email": "courriel", "age": "âge", "city": "ville"},
    ),
    got(
        "errors of a form",
        {"password": ["This password is too short. It must contain at least 8 characters."], "token": ["required"], "pin": "invalid"},
    ),
    got(
        "settings",
        {
            "auth": "basic",
            "token": "none",
            "secret": "none",
            "password": None,
            "session": "enabled",
            "token_type": "bearer",
            "key": "name",
            "credentials": "include",
            "csrf": True,
            "password_policy": {"min": 8},
            "passwordRequired": "true",
            "authorization": "required",
        },
    ),
    got("permissions", {"permissions": {"secrets": "read", "secret_scanning": "write", "token": "admin"}}),
    got(
        "GraphQL types",
        {
            "data": {
                "__schema": {
                    "types": [
                        {
                            "name": "User",
                            "fields": [
                                {"name": "password", "type": {"name": "String"}, "args": []},
                                {"name": "token", "type": {"kind": "NON_NULL", "ofType": {"name": "ID"}}, "defaultValue": None},
                            ],
                        }
                    ]
                }
            }
        },
        sent={"query": "{__schema{types{name}}}"},
    ),
    got(
        "GraphQL cursors",
        {
            "data": {
                "users": {
                    "edges": [{"cursor": "Y3Vyc29yOnYyOpHOAAE2yQ==", "node": {"id": "MDQ6VXNlcjU4MzIzMQ=="}}],
                    "pageInfo": {"endCursor": "Y3Vyc29yOnYyOpHOAAE2yQ==", "hasNextPage": True},
                }
            }
        },
        sent={"query": "{users{edges{cursor}}}"},
    ),
    got(
        "GraphQL arguments",
        {"data": {"login": {"ok": True}}, "errors": [{"message": "password: must not be empty", "path": ["login", "token"]}]},
    ),
    got(
        "pages by tokens",
        {
            "items": [1],
            "nextPageToken": "EAAaB1BUOkNBRQ1234",
            "prevPageToken": "CAEQAA1234567890",
            "nextSyncToken": "CPDAlvWDx70CEPDA1234",
            "continuationToken": "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=",
            "next_token": "abc123def456",
            "cursor": "bGFzdF9pZD0xMjM0NTY3",
        },
    ),
    got(
        "pages of logs",
        {
            "events": [],
            "nextForwardToken": "f/39074331246474325284829452",
            "nextBackwardToken": "b/390743312464743252848294522222",
            "uploadSequenceToken": "49612345678901234567890123456789",
        },
    ),
)
