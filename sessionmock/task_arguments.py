"""What tasks are made from: who takes the response, what is asked for, and where a body comes from."""
from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import Any

from .core.resume_data import DownloadResumeData, UploadResumeData, decode
from .errors import InvalidArgumentException
from .load.consumers import ToDelegate, ToHandler
from .load.download import ToFile
from .load.load import Consumer
from .models.body import FileStream
from .models.request import URLRequest
from .models.settings import reject

Handler = Callable[..., Any]


def handed(handler: Handler | None) -> Consumer:
    """Who takes the response of a data or upload task."""
    return ToDelegate() if handler is None else ToHandler(handler)


def downloaded(request: URLRequest | str | None, resume_data: bytes | None, handler: Handler | None, *,
               keeps: bool = False) -> tuple[ToFile, URLRequest | str, URLRequest | None]:
    """The consumer and the request of a download, new or resumed; of a resumed one also the request that it began with."""
    if request is not None and resume_data is None:
        return ToFile(handler, keeps=keeps), request, None
    if request is not None or resume_data is None:
        raise InvalidArgumentException("a download takes a request or resume data, one of them")
    try:
        resumed = decode(resume_data, DownloadResumeData)
    except ValueError:
        return ToFile(handler, keeps=keeps), URLRequest(None), None      # fails with -1002 when it is resumed
    consumer = ToFile(handler, keeps=keeps, resumed=resumed)
    return consumer, *consumer.resuming()


def posted(request: URLRequest | str) -> URLRequest:
    """The request of an upload: POST, where there is a URL alone."""
    return URLRequest(request, "POST") if isinstance(request, str) else request


def uploaded(from_data: bytes | None, from_file: str | PathLike[str] | None) -> bytes | FileStream:
    """The body of an upload."""
    if from_data is not None and from_file is not None:
        raise InvalidArgumentException("upload_task: the body is from_data or from_file, not both")
    if from_file is not None:
        if not isinstance(from_file, (str, PathLike)):
            reject("upload_task(from_file=...)", from_file, "a path, str or os.PathLike (an open file can be a request's http_body_stream)")
        return FileStream(from_file)
    if from_data is not None and not isinstance(from_data, (bytes, bytearray, memoryview)):
        reject("upload_task(from_data=...)", from_data, "bytes (encode a str)")
    return bytes(from_data or b"")


def resumed_upload(resume_data: bytes | None) -> tuple[URLRequest, bytes | FileStream | None, UploadResumeData]:
    """The request and the body, None where the delegate has it, of an upload that is gone on with."""
    try:
        resumed = decode(resume_data or b"", UploadResumeData)
        request = URLRequest(resumed.original_url, resumed.method)
        for name, value in resumed.headers:
            request.add_value(value, name)
    except ValueError as error:
        raise InvalidArgumentException(f"upload_task: {error}; it takes what cancel_by_producing_resume_data or an error gave") from error
    return request, resumed.body if resumed.path is None else FileStream(resumed.path), resumed
