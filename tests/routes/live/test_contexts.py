"""The TLS contexts of a channel, alone."""
from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest

from sessionmock import URLCredential
from sessionmock.routes.live.contexts import Contexts


@pytest.mark.parametrize("certificates", [(), ("file.pem",), ("pipe.pem",)])
@pytest.mark.parametrize("identity", ["pipe.pem", ("file.pem", "pipe.pem"), ("pipe.pem", "file.pem")])
def test_a_certificate_in_a_pipe_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, identity: str | tuple[str, str], certificates: tuple[str, ...],
) -> None:
    """OpenSSL would wait for what comes out of it; a key and an intermediate certificate likewise."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.pem")
    Path("file.pem").write_text("")
    contexts = Contexts(None, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    with pytest.raises(PermissionError, match="a FIFO, not a regular file"):
        contexts.context(URLCredential.identity(identity, certificates), True)
