"""What goes wrong between us and Central, as one table: code -> what to say and what to check.

The words name places and remedies. They never hold a response body, which may contain what people answered.
"""

from __future__ import annotations

from server.errors import UserError

_MESSAGES: dict[str, tuple[str, str]] = {
    "central_not_set": (
        "Chưa khai báo máy chủ ODK Central. Đặt RASOAT_CENTRAL_URL, RASOAT_CENTRAL_USER, RASOAT_CENTRAL_PASSWORD "
        "và RASOAT_CENTRAL_PROJECT_ID.",
        "ODK Central is not set up. Set RASOAT_CENTRAL_URL, RASOAT_CENTRAL_USER, RASOAT_CENTRAL_PASSWORD "
        "and RASOAT_CENTRAL_PROJECT_ID.",
    ),
    "central_down": (
        "Không kết nối được ODK Central tại {url}. "
        "Kiểm tra địa chỉ (RASOAT_CENTRAL_URL), mạng, và máy chủ có đang chạy.",
        "ODK Central at {url} cannot be reached. "
        "Check the address (RASOAT_CENTRAL_URL), the network, and that it is running.",
    ),
    "central_timeout": (
        "ODK Central tại {url} không trả lời kịp. Thử lại sau; nếu lặp lại, kiểm tra tải của máy chủ "
        "hoặc tăng RASOAT_CENTRAL_READ_TIMEOUT.",
        "ODK Central at {url} did not answer in time. Try again; if it happens again, check the server's load "
        "or raise RASOAT_CENTRAL_READ_TIMEOUT.",
    ),
    "central_credentials": (
        "ODK Central tại {url} không nhận tài khoản hoặc mật khẩu. "
        "Kiểm tra RASOAT_CENTRAL_USER và RASOAT_CENTRAL_PASSWORD.",
        "ODK Central at {url} refused the user or the password. Check RASOAT_CENTRAL_USER and RASOAT_CENTRAL_PASSWORD.",
    ),
    "central_forbidden": (
        "Tài khoản trên ODK Central không có quyền làm việc này ({what}). "
        "Gán vai trò Project Manager cho tài khoản trong dự án.",
        "The user may not do this on ODK Central ({what}). Give it the role Project Manager in the project.",
    ),
    "central_not_found": (
        "ODK Central tại {url} không có {what}. Kiểm tra RASOAT_CENTRAL_PROJECT_ID, và phiếu đã phát hành chưa "
        "(rasoat forms publish).",
        "ODK Central at {url} has no {what}. Check RASOAT_CENTRAL_PROJECT_ID, and that the form is published "
        "(rasoat forms publish).",
    ),
    "central_not_central": (
        "Địa chỉ {url} trả lời bằng trang web, không phải ODK Central. Kiểm tra RASOAT_CENTRAL_URL: "
        "chỉ ghi giao thức và tên máy chủ; mạng có thể đang đòi đăng nhập.",
        "What answers at {url} is a web page, not ODK Central. Check RASOAT_CENTRAL_URL: only the scheme and the host; "
        "the network may be asking for a login.",
    ),
    "central_half_document": (
        "ODK Central trả lời dở dang ({what}); phần này chưa được ghi. Chạy lại rasoat sync; "
        "nếu lặp lại, xem nhật ký của Central và máy chủ trung gian.",
        "ODK Central's answer broke off ({what}); none of it was stored. Run rasoat sync again; "
        "if it happens again, look at the logs of Central and of the proxy.",
    ),
    "central_encrypted": (
        "Phiếu {what} dùng mã hoá của ODK Central nên không đọc được câu trả lời. Tắt mã hoá của dự án và thu lại; "
        "chưa có gì được ghi.",
        "The form {what} uses Central's managed encryption, so its answers cannot be read. Use a project without "
        "encryption; nothing was stored.",
    ),
    "central_conflict": (
        "ODK Central không nhận vì trùng với dữ liệu đang có ({what}).",
        "ODK Central refused because it conflicts with what is there ({what}).",
    ),
    "review_overtaken": (
        "Rà soát viên đã sửa phiếu trước khi quyết định duyệt được gửi; hãy đọc bản mới và quyết định lại.",
        "The enumerator corrected the interview before the decision was sent; read the new version and decide again.",
    ),
    "review_conflict": (
        "Trong lúc chờ gửi, phiếu đã được quyết định khác trên ODK Central; mở phiếu và chọn giữ quyết định nào.",
        "Meanwhile the interview was decided otherwise in ODK Central; open it and choose which decision stands.",
    ),
    "central_refused": (
        "ODK Central không nhận yêu cầu ({what}). Xem phiên bản Central: cần v2026.1 trở lên.",
        "ODK Central refused the request ({what}). Look at Central's version: v2026.1 or newer is needed.",
    ),
    "central_no_access_rules": (
        "ODK Central tại {url} chưa chia được danh sách hộ theo từng người. Cần Central v2026.2 trở lên.",
        "ODK Central at {url} cannot give each person a list of their own. Central v2026.2 or newer is needed.",
    ),
    "central_list_open": (
        "ODK Central không giữ quy tắc truy cập của danh sách {what}: mọi điện thoại sẽ thấy cả danh sách. "
        "Chưa gửi hộ nào; xem thuộc tính assignment_key của danh sách trên Central rồi chạy lại.",
        "ODK Central did not keep the access rule of the list {what}: every phone would see all of it. "
        "No household was sent; look at the list's property assignment_key on Central, then run this again.",
    ),
    "phone_refused": (
        "ODK Central không nhận mã của điện thoại {what} (đã thu hồi hoặc hết hiệu lực). "
        "Cấp lại: rasoat enumerators revoke MÃ --reissue, rồi in lại mã QR.",
        "ODK Central refuses the token of phone {what} (revoked or gone). "
        "Issue it anew: rasoat enumerators revoke CODE --reissue, then print its QR code again.",
    ),
    "central_failing": (
        "ODK Central tại {url} đang lỗi ({what}). Thử lại sau; nếu lặp lại, xem nhật ký của Central.",
        "ODK Central at {url} is failing ({what}). Try again later; if it happens again, look at Central's logs.",
    ),
}


class CentralError(UserError):
    """A failure between us and Central. `retryable`: the same request may succeed later without anyone's doing."""

    status = 502

    def __init__(self, code: str, *, url: str = "", what: str = "") -> None:
        vi, en = _MESSAGES[code]
        super().__init__(code, vi.format(url=url, what=what), en.format(url=url, what=what))

    @property
    def stops_all(self) -> bool:
        """Whether no other request would fare better now."""
        return self.code in {
            "central_down",
            "central_timeout",
            "central_credentials",
            "central_not_central",
            "central_failing",
        }

    @property
    def retryable(self) -> bool:
        return self.code in {
            "central_down",
            "central_timeout",
            "central_half_document",
            "central_failing",
            "central_not_central",
            "central_credentials",
            "central_not_set",
        }
