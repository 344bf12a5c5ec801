"""Flows of services: messages, storage, clusters, payments, code."""

from __future__ import annotations

import base64
import re
from typing import Any

from .kit import FORM, Call, Flow, basic, bearer, form, jwt, read

ACCOUNT, TOKEN = "AC" + "a1b2c3d4" * 4, "0f1e2d3c" * 4
TWILIO = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
MESSAGE = {
    "sid": "SM" + "0a1b2c3d" * 4,
    "account_sid": ACCOUNT,
    "status": "queued",
    "date_created": "Thu, 30 Jul 2015 20:12:31 +0000",
    "error_code": None,
    "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/SM{'0a1b2c3d' * 4}.json",
}
SIGNATURE = "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024"
S3 = "https://bucket.s3.amazonaws.com"
AWS = {
    "Authorization": f"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLQ/20240101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature={SIGNATURE}"
}
KUBE = "https://cluster.test/api/v1/namespaces/default"
STRIPE, INTENT = "sk_test_4eC39HqLyjWDarjtT1zdp7dc", "pi_3MtwBwLkdIwHu7ix28a3tqPa"
GITHUB, SLACK = "ghp_" + "a1B2" * 9, "xoxb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx"
SERVICE = jwt(
    {"alg": "RS256", "kid": "k1"},
    {"iss": "kubernetes/serviceaccount", "kubernetes.io/serviceaccount/namespace": "default", "exp": 4102444800},
)


def xml(*lines: str) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + "\n".join(lines)


def kubernetes_secret(answer: Any) -> None:
    values = [base64.b64decode(value, validate=True).decode() for value in answer["data"].values()]
    assert all(map(str.isprintable, values))
    assert ("Opaque", "db") == (answer["type"], answer["metadata"]["name"])


def payment(answer: Any, *_: Any) -> None:
    assert re.fullmatch(rf"{INTENT}_secret_\w{{25}}", answer["client_secret"])
    assert INTENT == answer["id"]


def presigned(answer: Any) -> None:
    assert re.search(
        r"X-Amz-Credential=AKIA[A-Z2-7]{16}%2F20240101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Expires=3600&.*X-Amz-Signature=[0-9a-f]{64}",
        answer["url"],
    )


def temporary(answer: str) -> None:
    assert re.search(r"<AccessKeyId>ASIA[A-Z2-7]{16}</AccessKeyId>", answer)
    assert re.search(r"<SecretAccessKey>[\w/+]{40}</SecretAccessKey>", answer)
    assert "<Expiration>2024-01-01T00:00:00Z</Expiration>" in answer


def card(answer: Any) -> None:
    digits = [int(digit) for digit in reversed(answer["card_number"])]
    assert 0 == sum(digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(digits)) % 10
    assert 16 == len(digits)


def pem(answer: Any) -> None:
    body = re.fullmatch(r"-----BEGIN PRIVATE KEY-----\n([\w+/=\n]+)-----END PRIVATE KEY-----\n", answer["private_key"])
    assert body and base64.b64decode(body[1].replace("\n", ""), validate=True)


KEY = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(["MIIE" + "aB3/" * 15] * 3) + "\nabcd\n-----END PRIVATE KEY-----\n"

SERVICES = (
    Flow(
        "Twilio message",
        (
            Call(TWILIO, MESSAGE, form(To="+15558675310", Body="hi"), headers=FORM | basic(ACCOUNT, TOKEN)),
            Call(f"https://api.twilio.com{MESSAGE['uri']}", MESSAGE, headers=basic(ACCOUNT, TOKEN)),
        ),
        (TOKEN,),
        kept=(ACCOUNT, MESSAGE["sid"]),
    ),
    Flow(
        "Twilio pages",
        (
            Call(
                TWILIO, {"messages": [MESSAGE], "next_page_uri": "/x?Page=1&PageToken=PASM123abc", "page": 0}, headers=basic(ACCOUNT, TOKEN)
            ),
        ),
        (TOKEN,),
    ),
    Flow(
        "S3 list",
        (
            Call(
                f"{S3}/?list-type=2",
                xml(
                    "<ListBucketResult>",
                    "<NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>",
                    "<Contents><Key>a/token.txt</Key><ETag>&quot;70ee1738b6b21e2c8a43f3a5ab0eee71&quot;</ETag></Contents>",
                    "<Owner><ID>75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a</ID></Owner>",
                    "</ListBucketResult>",
                ),
                headers=AWS,
            ),
        ),
        (SIGNATURE,),
    ),
    Flow(
        "S3 multipart",
        (
            Call(
                f"{S3}/a?uploads",
                xml(
                    "<InitiateMultipartUploadResult><Key>a</Key>",
                    "<UploadId>VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA</UploadId>",
                    "</InitiateMultipartUploadResult>",
                ),
                "",
                headers=AWS,
            ),
            Call(
                f"{S3}/a?partNumber=1&uploadId=VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA",
                "",
                "part",
                "PUT",
                AWS,
                (("ETag", '"b54357faf0632cce46e942fa68356b38"'),),
            ),
        ),
        (SIGNATURE,),
    ),
    Flow(
        "S3 error",
        (
            Call(
                f"{S3}/b",
                xml(
                    "<Error><Code>NoSuchKey</Code><RequestId>4442587FB7D0A2F9</RequestId><HostId>eftixk72aD6Ap51TnqcoF8eFidJG9Z/2</HostId></Error>"
                ),
                headers=AWS,
            ),
        ),
        (SIGNATURE,),
    ),
    Flow(
        "a presigned URL",
        (
            Call(
                "https://api.test/upload",
                {
                    "url": f"{S3}/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLQ%2F20240101%2Fus-east-1"
                    f"%2Fs3%2Faws4_request&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature={SIGNATURE}"
                },
            ),
        ),
        (SIGNATURE, "AKIAIOSFODNN7EXAMPLQ"),
        presigned,
    ),
    Flow(
        "temporary credentials",
        (
            Call(
                "https://sts.amazonaws.com/",
                xml(
                    "<Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLQ</AccessKeyId><SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKE</SecretAccessKey>",
                    "<SessionToken>AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQW</SessionToken><Expiration>2024-01-01T00:00:00Z</Expiration></Credentials>",
                ),
                "",
                headers=AWS,
            ),
        ),
        (
            "ASIAIOSFODNN7EXAMPLQ",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKE",
            "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQW",
        ),
        temporary,
    ),
    Flow(
        "Kubernetes secret",
        (
            Call(
                f"{KUBE}/secrets/db",
                {
                    "kind": "Secret",
                    "apiVersion": "v1",
                    "metadata": {"name": "db", "uid": "0b0c6f0e-52f7-4c3e-8f0e-8f5d0a0f8a11", "resourceVersion": "1234567"},
                    "data": {"username": "YW5uYWJlbGxhLTE=", "password": "c3VwZXItc2VjcmV0LXBhc3N3b3JkLTEyMw=="},
                    "type": "Opaque",
                },
                headers=bearer(SERVICE),
            ),
        ),
        ("c3VwZXItc2VjcmV0LXBhc3N3b3JkLTEyMw==", "YW5uYWJlbGxhLTE=", SERVICE),
        kubernetes_secret,
        ("0b0c6f0e-52f7-4c3e-8f0e-8f5d0a0f8a11", "1234567"),
    ),
    Flow(
        "Kubernetes pages",
        (
            Call(
                f"{KUBE}/pods?limit=1",
                {
                    "kind": "PodList",
                    "metadata": {
                        "resourceVersion": "10245",
                        "remainingItemCount": 1253,
                        "continue": "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MTAyNDUsInN0YXJ0IjoiYVx1MDAwMCJ9",
                    },
                    "items": [
                        {
                            "spec": {
                                "serviceAccountName": "default",
                                "automountServiceAccountToken": True,
                                "volumes": [
                                    {"secret": {"secretName": "db-1", "defaultMode": 420}},
                                    {"projected": {"sources": [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}]}},
                                ],
                            }
                        }
                    ],
                },
                headers=bearer(SERVICE),
            ),
        ),
        (SERVICE,),
    ),
    Flow(
        "Kubernetes service account",
        (
            Call(
                f"{KUBE}/serviceaccounts/default/token",
                {"kind": "TokenRequest", "status": {"token": SERVICE, "expirationTimestamp": "2024-01-01T00:00:00Z"}},
                {"kind": "TokenRequest", "spec": {"expirationSeconds": 3600}},
            ),
        ),
        (SERVICE,),
        lambda answer: read(answer["status"]["token"])["exp"] == 4102444800,
    ),
    Flow(
        "Stripe payment",
        (
            Call(
                "https://api.stripe.com/v1/payment_intents",
                {"id": INTENT, "client_secret": f"{INTENT}_secret_YrKJUKribcBjcG8HVhfZluoGH", "amount": 2000, "livemode": False},
                form(amount="2000"),
                headers=FORM | bearer(STRIPE),
            ),
            Call(f"https://api.stripe.com/v1/payment_intents/{INTENT}", {"id": INTENT, "status": "succeeded"}, headers=bearer(STRIPE)),
        ),
        (STRIPE, f"{INTENT}_secret_YrKJUKribcBjcG8HVhfZluoGH"),
        payment,
    ),
    Flow(
        "Stripe list",
        (
            Call(
                "https://api.stripe.com/v1/charges",
                {
                    "object": "list",
                    "data": [
                        {
                            "id": "ch_3MmlLrLkdIwHu7ix0snN0B15",
                            "receipt_url": "https://pay.stripe.com/r/abc",
                            "payment_method": "pm_1MqLiJLkdIwHu7ixUEgbFdYF",
                            "source": {"fingerprint": "Xt5EWLLDS7FJjR1c", "last4": "4242"},
                        }
                    ],
                    "has_more": True,
                },
                headers=bearer(STRIPE),
            ),
        ),
        (STRIPE,),
    ),
    Flow(
        "PayPal order",
        (
            Call(
                "https://api.paypal.com/v1/oauth2/token",
                {
                    "access_token": "A21AAFEpH4PsADK7qSS7pSRsgzfENtu-Q1ysgEDVDESseMHBYXVJYE8ovjj68",
                    "token_type": "Bearer",
                    "app_id": "APP-80W284485P519543T",
                    "expires_in": 31668,
                    "nonce": "2020-04-03T15:35:36Z",
                },
                form(grant_type="client_credentials"),
                headers=FORM | basic("client", "EGnHDxD-qRPdaLdZz8iCr8N7-paypal"),
            ),
            Call("https://api.paypal.com/v2/checkout/orders", {"id": "5O190127TN364715T", "status": "CREATED"}, {"intent": "CAPTURE"}),
        ),
        ("A21AAFEpH4PsADK7qSS7pSRsgzfENtu-Q1ysgEDVDESseMHBYXVJYE8ovjj68", "EGnHDxD-qRPdaLdZz8iCr8N7-paypal"),
        kept=("5O190127TN364715T", "APP-80W284485P519543T"),
    ),
    Flow(
        "a card",
        (Call("https://pay.test/card", {"card_number": "4242424242424242", "exp_month": 12, "brand": "visa"}),),
        ("4242424242424242",),
        card,
    ),
    Flow(
        "GitHub user",
        (
            Call(
                "https://api.github.com/user",
                {"login": "octocat", "id": 583231, "node_id": "MDQ6VXNlcjU4MzIzMQ==", "html_url": "https://github.com/octocat"},
                headers=bearer(GITHUB),
                fields=(("ETag", 'W/"a18c3bded88eb5dbb5c849a489412bf3"'), ("X-GitHub-Request-Id", "8C2A:1F2B:3D4E5F:6A7B8C:65A1B2C3")),
            ),
        ),
        (GITHUB,),
    ),
    Flow(
        "GitHub secrets",
        (
            Call(
                "https://api.github.com/repos/o/r/actions/secrets",
                {
                    "total_count": 2,
                    "secrets": [
                        {"name": "GH_TOKEN", "created_at": "2019-08-10T14:59:22Z", "updated_at": "2020-01-10T14:59:22Z"},
                        {"name": "AWS_KEY_2", "created_at": "2020-01-10T10:59:22Z"},
                    ],
                },
                headers=bearer(GITHUB),
            ),
        ),
        (GITHUB,),
    ),
    Flow(
        "GitHub commit",
        (
            Call(
                "https://api.github.com/repos/o/r/commits/1",
                {
                    "sha": "6dcb09b5b57875f334f61aebed695e2e4193db5e",
                    "commit": {
                        "verification": {
                            "verified": True,
                            "signature": "-----BEGIN PGP SIGNATURE-----\n\niQIzBAABCAAdFiEEn2Yb\n-----END PGP SIGNATURE-----\n",
                            "payload": "tree 691272480426f78a",
                        }
                    },
                },
                headers=bearer(GITHUB),
            ),
        ),
        (GITHUB,),
    ),
    Flow(
        "GitHub app",
        (
            Call(
                "https://api.github.com/app/installations/1/access_tokens",
                {"token": "ghs_" + "c3D4" * 9, "expires_at": "2016-07-11T22:14:10Z", "permissions": {"issues": "write", "secrets": "read"}},
                {},
            ),
        ),
        ("ghs_" + "c3D4" * 9,),
        lambda answer: re.fullmatch(r"ghs_\w{36}", answer["token"])[0],
    ),
    Flow(
        "Slack message",
        (
            Call(
                "https://slack.com/api/chat.postMessage",
                {
                    "ok": True,
                    "channel": "C123ABC456",
                    "ts": "1503435956.000247",
                    "message": {"bot_id": "B123ABC456", "text": "hi", "type": "message"},
                    "response_metadata": {"next_cursor": "dXNlcjpVMDYxTkZUVDI="},
                },
                {},
                headers=bearer(SLACK),
            ),
        ),
        (SLACK,),
    ),
    Flow(
        "Slack login",
        (
            Call(
                "https://slack.com/api/oauth.v2.access",
                {"ok": True, "access_token": SLACK, "token_type": "bot", "team": {"id": "T9TK3CUKW"}},
                form(
                    code="4724469134.4644010092847.232b4e6d82c333b475fc30f5f5a341d294feb1a94392c2fd791f7ab7731a443",
                    client_secret="d1e2f3a4b5c6d7e8",
                ),
                headers=FORM,
            ),
        ),
        (SLACK, "d1e2f3a4b5c6d7e8"),
        lambda answer: re.fullmatch(r"xoxb-\d{12}-\d{13}-\w{24}", answer["access_token"])[0],
    ),
    Flow(
        "a service's key file",
        (
            Call(
                "https://iam.test/keys", {"type": "service_account", "private_key_id": "k1", "private_key": KEY, "client_email": "a@b.test"}
            ),
        ),
        (KEY,),
        pem,
    ),
    Flow(
        "a webhook's signature",
        (
            Call(
                "https://api.test/hooks",
                {"payload": "e30", "signature": "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"},
            ),
        ),
    ),
    Flow(
        "packages",
        (
            Call(
                "https://registry.test/a",
                {
                    "dist": {
                        "integrity": "sha512-v2kDEe57lecTulaDIuNTPy3Ry4gLGJ6Z1O3vE1krgXZNrsQ+LFTGHVxVjcXPs17LhbZVGedAJv8XZ1tvj5Fv",
                        "shasum": "a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0",
                        "signatures": [{"keyid": "SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA", "sig": "MEUCIQDl"}],
                    }
                },
            ),
        ),
    ),
)
