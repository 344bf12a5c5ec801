"""What tasks are made from: who takes the response, what is asked for, and where a body comes from."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from .core.preparation import announced
from .core.resume_data import DownloadResumeData, UploadResumeData, decode
from .errors import InvalidArgumentException, URLError
from .load.body import MakeBody, RequestBody
from .load.consumer import Consumer
from .load.consumers import ToDelegate, ToHandler
from .load.download import ToFile
from .load.partial_files import HeldData
from .load.upload import Upload
from .models.body import FileStream, as_body_stream, fresh
from .models.callables import taking
from .models.message import BodyStream
from .models.request import URLRequest
from .models.response import HTTPURLResponse
from .models.settings import reject

Bytes: TypeAlias = bytes | bytearray | memoryview
FilePath: TypeAlias = str | PathLike[str]
# A function or a coroutine function. The response is typed as that of an http load (docs/rules.md, Names).
DataHandler: TypeAlias = Callable[[bytes | None, HTTPURLResponse | None, URLError | None], object]
FileHandler: TypeAlias = Callable[[Path | None, HTTPURLResponse | None, URLError | None], object]


def handed(handler: DataHandler | None) -> Consumer:
    """Who takes the response of a data or upload task."""
    return ToDelegate() if handler is None else ToHandler(taking("a task's completion_handler", handler, "data", "response", "error"))


def downloaded(request: URLRequest | str | None, resume_data: bytes | None, handler: FileHandler | None, *,
               keeps: bool = False) -> tuple[ToFile, URLRequest | str, URLRequest | None]:
    """The consumer and the request of a download, new or resumed; of a resumed one also the request that it began with."""
    if handler is not None:
        taking("download_task(completion_handler=...)", handler, "location", "response", "error")
    if resume_data is not None and not isinstance(resume_data, (bytes, bytearray, memoryview)):
        reject("download_task(resume_data=...)", resume_data, "the bytes that cancel_by_producing_resume_data or an error gave")
    if request is not None and resume_data is None:
        return ToFile(handler, keeps=keeps), request, None
    if request is not None or resume_data is None:
        raise InvalidArgumentException("a download takes a request or resume data, one of them")
    try:
        resumed = decode(resume_data, DownloadResumeData)
    except ValueError:
        return ToFile(handler, keeps=keeps), URLRequest(None), None      # fails with -1002 when it is resumed
    partial = resume_data.partial if isinstance(resume_data, HeldData) else None
    consumer = ToFile(handler, keeps=keeps, resumed=resumed, partial=partial)
    return consumer, *consumer.resuming()


# What a task sends beside the head of its request, and what makes the part of its load that keeps it.
Sent = tuple[bytes | BodyStream | None, MakeBody]


def own_body(request: URLRequest) -> Sent:
    """What a request brings itself."""
    stream = request.http_body_stream
    return request.http_body if stream is None else announced(fresh(as_body_stream(stream)), request), RequestBody


def sending(request: URLRequest | str | None, from_data: Bytes | None, from_file: FilePath | None,
            streamed_request: URLRequest | str | None, resume_data: bytes | None) -> tuple[URLRequest | str, Sent]:
    """The request of an upload, and what it sends."""
    if streamed_request is not None or resume_data is not None:
        if [request, from_data, from_file, streamed_request, resume_data].count(None) < 4:
            raise InvalidArgumentException("upload_task: streamed_request and resume_data stand alone, each says where the body comes from")
        if streamed_request is not None:
            return _posted(streamed_request), (None, partial(Upload, streamed=True))
        request, body, resumed = _resumed(resume_data)
        return request, (body, partial(Upload, streamed=body is None, resumed=resumed))
    if request is None:
        raise InvalidArgumentException("upload_task: a request is needed, a URLRequest or a URL")
    return _posted(request), (_uploaded(from_data, from_file), Upload)


def _posted(request: URLRequest | str) -> URLRequest:
    """The request of an upload: POST, where there is a URL alone."""
    return URLRequest(request, "POST") if isinstance(request, str) else request


def _uploaded(from_data: Bytes | None, from_file: FilePath | None) -> bytes | FileStream:
    """The body of an upload."""
    if from_data is not None and from_file is not None:
        raise InvalidArgumentException("upload_task: the body is from_data or from_file, not both")
    if from_file is not None:
        if not isinstance(from_file, (str, PathLike)):
            reject("upload_task(from_file=...)", from_file, "a path, str or os.PathLike (an open file can be a request's http_body_stream)")
        return FileStream(from_file)
    if not isinstance(from_data, (bytes, bytearray, memoryview)):
        reject("upload_task(from_data=...)", from_data, "bytes (encode a str), or b\"\" for nothing; from_file a path instead")
    return bytes(from_data)


def _resumed(resume_data: bytes | None) -> tuple[URLRequest, bytes | FileStream | None, UploadResumeData]:
    """The request and the body, None where the delegate has it, of an upload that is gone on with."""
    try:
        resumed = decode(resume_data or b"", UploadResumeData)
        request = URLRequest(resumed.original_url, resumed.method)
        for name, value in resumed.headers:
            request.add_value(value, name)
    except ValueError as error:
        raise InvalidArgumentException(f"upload_task: {error}; it takes what cancel_by_producing_resume_data or an error gave") from error
    return request, resumed.body if resumed.path is None else FileStream(resumed.path), resumed
