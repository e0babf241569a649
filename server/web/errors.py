"""Errors as people see them: a page in their language for a browser, one JSON shape for programs."""

from __future__ import annotations

import logging
import traceback

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from server.errors import UserError
from server.web.language import gettext, language_of, mark
from server.web.templating import is_fragment, render

log = logging.getLogger(__name__)

_TITLES = {
    400: mark("Yêu cầu không hợp lệ"),
    403: mark("Không có quyền xem trang này"),
    404: mark("Không thấy trang này"),
    409: mark("Việc này không làm được lúc này"),
    413: mark("Yêu cầu dài quá mức"),
    422: mark("Yêu cầu không hợp lệ"),
    500: mark("Máy chủ gặp lỗi"),
}
_REMEDIES = {
    400: mark("Kiểm tra địa chỉ, hoặc quay lại trang trước."),
    403: mark("Đăng nhập bằng tài khoản được phân địa bàn này, hoặc hỏi người quản trị."),
    404: mark("Kiểm tra địa chỉ, hoặc bắt đầu lại từ bản đồ."),
    413: mark("Rút ngắn nội dung rồi gửi lại; dài nhất là 1 MB."),
    422: mark("Kiểm tra địa chỉ, hoặc quay lại trang trước."),
    500: mark("Thử lại sau ít phút. Nếu vẫn lỗi, báo người quản trị kèm giờ xảy ra."),
}


def answer(request: Request, status: int, message: str | None = None, code: str | None = None) -> Response:
    """The error as a page, a part of a page (htmx) or JSON, whichever was asked for."""
    language = language_of(request)
    title = gettext(language, _TITLES.get(status, _TITLES[400 if status < 500 else 500]))
    text = message or gettext(language, _REMEDIES.get(status, _REMEDIES[400 if status < 500 else 500]))
    if wants_html(request):
        template = "parts/error.html" if is_fragment(request) else "error.html"
        return render(request, template, {"title": title, "message": text, "status": status}, status=status)
    return JSONResponse({"error": code or f"http_{status}", "message": text}, status_code=status)


def wants_html(request: Request) -> bool:
    """Whether a person's browser asks (the API answers in JSON unless told otherwise)."""
    return "text/html" in request.headers.get("accept", "") or is_fragment(request)


def install(app: FastAPI) -> None:
    """Make every error of the app one of these answers; an unforeseen one is logged without its values."""

    @app.exception_handler(UserError)
    def user_error(request: Request, error: UserError) -> Response:
        message = error.vi if language_of(request) == "vi" else error.en
        return answer(request, error.status, message, error.code)

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> Response:
        return answer(request, error.status_code)

    @app.exception_handler(RequestValidationError)
    def validation_error(request: Request, error: RequestValidationError) -> Response:
        # Where, never what: a value may be a person's.
        places = ", ".join(sorted({str(item["loc"][-1]) for item in error.errors()}))
        text = gettext(language_of(request), mark("Giá trị không dùng được ở: %(places)s."))
        return answer(request, 422, text % {"places": places}, "invalid_request")

    @app.exception_handler(Exception)
    def unforeseen(request: Request, error: Exception) -> Response:
        # The place alone: an error's own words may hold what a person answered.
        where = traceback.extract_tb(error.__traceback__)[-1]
        log.error("unforeseen %s in %s:%s", type(error).__name__, where.filename, where.lineno)
        return answer(request, 500)
