"""What is refused about accounts, in both languages; the codes are stable, the words never hold a value."""

from __future__ import annotations

from server.errors import UserError

#: Code -> (status, Vietnamese, English).
REFUSALS: dict[str, tuple[int, str, str]] = {
    # who asks
    "not_logged_in": (401, "Hãy đăng nhập.", "Please log in."),
    "not_allowed": (
        403,
        "Bạn không có quyền làm việc này; hãy hỏi người quản trị nếu cần.",
        "You may not do this; ask the administrator if you need to.",
    ),
    "no_area": (
        403,
        "Chưa được phân địa bàn có xã, phường của đợt này; hãy gọi cán bộ giảm nghèo tỉnh hoặc người quản trị.",
        "No area with communes of this round is assigned to you; call the province's officer or the administrator.",
    ),
    "not_yours_to_review": (
        403,
        "Bạn không duyệt được phiếu này: của chính bạn, của hộ có xung đột lợi ích, hoặc ngoài địa bàn được phân.",
        "You cannot review this interview: your own, of a household you declared a conflict with, or a foreign area.",
    ),
    "csrf": (
        403,
        "Trang đã cũ hoặc yêu cầu không đến từ trang này; hãy tải lại trang rồi làm lại.",
        "The page is too old or the request did not come from it; reload the page and try again.",
    ),
    # logging in
    "login_failed": (401, "Tên đăng nhập hoặc mật khẩu không đúng.", "The user name or the password is wrong."),
    "login_again": (401, "Đã quá thời gian; hãy đăng nhập lại.", "Too much time has passed; please log in again."),
    "locked": (
        429,
        "Sai quá nhiều lần; hãy đợi 15 phút hoặc nhờ người quản trị mở khóa.",
        "Too many failures; wait 15 minutes or ask the administrator to unlock the account.",
    ),
    "code_failed": (
        401,
        "Mã xác thực không đúng hoặc đã dùng; hãy nhập mã đang hiện trên điện thoại.",
        "The code is wrong or was used already; enter the one the phone shows now.",
    ),
    # passwords and links
    "link_bad": (
        410,
        "Liên kết không còn dùng được; hãy xin người quản trị liên kết mới.",
        "The link can no longer be used; ask the administrator for a new one.",
    ),
    "password_wrong": (403, "Mật khẩu hiện tại không đúng.", "The current password is wrong."),
    "password_short": (422, "Mật khẩu cần ít nhất 12 ký tự.", "A password needs at least 12 characters."),
    "password_long": (422, "Mật khẩu dài quá 200 ký tự.", "The password is longer than 200 characters."),
    "password_guessable": (
        422,
        "Mật khẩu dễ đoán (chứa tên đăng nhập hoặc từ hay dùng); hãy ghép vài từ không liên quan.",
        "The password is easy to guess (the user name or a common word); join a few unrelated words.",
    ),
    "password_differs": (422, "Hai lần nhập mật khẩu không giống nhau.", "The two passwords differ."),
    # second step, tokens, conflicts
    "totp_on": (409, "Xác thực hai bước đã bật.", "Two-step login is on already."),
    "totp_none": (409, "Chưa bắt đầu bật xác thực hai bước.", "Two-step login was not begun."),
    "token_name": (422, "Hãy đặt tên cho mã truy cập.", "Give the token a name."),
    "token_scopes": (422, "Hãy chọn ít nhất một quyền trong danh sách.", "Choose at least one scope of the list."),
    "token_days": (422, "Thời hạn từ 1 đến 365 ngày.", "The token lasts 1 to 365 days."),
    "unknown_token": (404, "Không có mã truy cập này.", "There is no such token."),
    "conflict_form": (
        422,
        "Hãy ghi mã hộ hoặc mã phiếu có xung đột lợi ích.",
        "Give the code of the household or interview you have a conflict with.",
    ),
    # administration
    "username_form": (
        422,
        "Tên đăng nhập gồm 3 đến 60 chữ thường không dấu, số, dấu chấm, gạch.",
        "A user name has 3 to 60 plain lower-case letters, digits, dots or dashes.",
    ),
    "name_missing": (422, "Hãy ghi họ tên.", "Give the full name."),
    "username_taken": (409, "Tên đăng nhập này đã có người dùng.", "This user name is taken."),
    "enumerator_taken": (
        409,
        "Tên rà soát viên trên điện thoại này đã gắn với tài khoản khác.",
        "This enumerator name belongs to another account.",
    ),
    "unknown_user": (404, "Không có tài khoản này.", "There is no such account."),
    "unknown_grant": (404, "Không có vai trò này.", "There is no such role."),
    "own_role": (403, "Không ai tự giao vai trò cho mình.", "Nobody changes their own roles."),
    "own_account": (403, "Hãy nhờ người quản trị khác.", "Ask another administrator to do this."),
    "administrator_alone": (
        409,
        "Người quản trị không giữ vai trò khác, vì không được xem hộ gia đình.",
        "An administrator holds no other role, for an administrator sees no household.",
    ),
    "area_form": (
        422,
        "Mã địa bàn không đúng dạng: tỉnh 2 số, huyện cũ 3 số, xã 5 số, hoặc mã thôn.",
        "The area code has the wrong form: province 2 digits, former district 3, commune 5, or a village's id.",
    ),
    "dates_order": (422, "Ngày kết thúc trước ngày bắt đầu.", "The last day is before the first."),
    "choice": (422, "Giá trị chọn không có trong danh sách.", "The value chosen is not in the list."),
}


class Refused(UserError):  # noqa: N818 - what happened, as the code reads
    """Something about accounts is refused; `code` is one of `REFUSALS`."""

    def __init__(self, code: str) -> None:
        status, vi, en = REFUSALS[code]
        super().__init__(code, vi, en)
        self.status = status
