"""Lists of names: family names with their shares, middle and given names by sex and generation.

Family names follow the often cited shares (Lê Trung Hoa, Họ và tên người Việt Nam, 2005: Nguyễn 38.4 %, Trần
12.1 %, Lê 9.5 % ...), with Vũ and Hoàng in their northern forms; the order of middle and given names, the most
frequent first, is a plausible one and not a count. All text is NFC.
"""

from __future__ import annotations


def _words(names: str) -> tuple[str, ...]:
    return tuple(names.split())


FAMILY: dict[str, float] = {
    **{"Nguyễn": 38.4, "Trần": 12.1, "Lê": 9.5, "Phạm": 7.0, "Hoàng": 4.8, "Huỳnh": 0.3, "Phan": 4.5, "Vũ": 3.6},
    **{"Võ": 0.3, "Đặng": 2.1, "Bùi": 2.0, "Đỗ": 1.4, "Hồ": 1.3, "Ngô": 1.3, "Dương": 1.0, "Lý": 0.5},
    **{"Đào": 1.2, "Đinh": 0.9, "Trịnh": 0.9, "Đoàn": 0.9, "Trương": 0.8, "Lương": 0.7, "Mai": 0.6, "Hà": 0.6},
    **{"Cao": 0.5, "Lưu": 0.5, "Tạ": 0.4, "Chu": 0.4, "Phùng": 0.3, "Tô": 0.3, "Vương": 0.2, "Quách": 0.15},
    **{"Nghiêm": 0.15, "Lại": 0.15, "Đàm": 0.15, "Thái": 0.15, "Doãn": 0.1, "Khúc": 0.1},
}
#: Last year of birth of each generation.
GENERATIONS = (1959, 1979, 1994, 2009, 9999)
#: Share of Văn and of Thị by generation.
VAN = (0.60, 0.55, 0.42, 0.18, 0.06)
THI = (0.92, 0.86, 0.62, 0.32, 0.15)
MIDDLE_MALE = (
    *("Đức", "Minh", "Quang", "Đình", "Xuân", "Hữu", "Ngọc", "Công", "Thành", "Duy", "Tiến", "Mạnh", "Anh", "Tuấn"),
    *("Hải", "Trọng", "Gia", "Quốc", "Bá", "Thế", "Việt", "Hoàng", "Huy", "Bảo"),
)
MIDDLE_FEMALE = (
    *("Thu", "Ngọc", "Minh", "Phương", "Thanh", "Thùy", "Hồng", "Kim", "Bích", "Quỳnh", "Khánh", "Hà", "Mai", "Hoài"),
    *("Lan", "Bảo", "Diệu", "Tuệ", "Gia", "Thị Thu", "Thị Ngọc", "Thị Thanh"),
)
GIVEN_MALE = (
    _words(
        "Hùng Bình Thành Minh Khang Tấn Chiến Thắng Hòa Sơn Ngọc Phúc Cường Đạt Tâm Vinh Toàn Lợi Khải Đức "
        "Quyết Nghị Bảng Chính Đông Khoa Luân Nhân Quý Sáu Tài Thiện Tuyên Vượng Xuân Trụ Ổn Thụ Kiểm Oanh"
    ),
    _words(
        "Hùng Dũng Tuấn Hải Thắng Sơn Cường Minh Bình Thành Hòa Long Quang Tiến Chiến Toàn Hiệp Trung Nam Đức "
        "Thủy Vinh Hưng Khánh Tân Dương Hà Phong Quyết Thịnh Tùng Hoan Bắc Việt Huy Kiên Điệp Khiêm Lực Mạnh"
    ),
    _words(
        "Tuấn Anh Hùng Cường Nam Dũng Hiếu Long Trung Tùng Thắng Đức Hoàng Quân Sơn Kiên Linh Việt Huy Mạnh "
        "Duy Hưng Khánh Thành Đạt Giang Hải Phong Quang Tiến Toàn Trường Tú Vũ Phương Đông Công Lâm Ngọc Tân"
    ),
    _words(
        "Anh Đức Minh Huy Hoàng Nam Long Hiếu Đạt Quân Dương Việt Khánh Thành Sơn Phong Hưng Tuấn Duy Trung "
        "Bảo Kiên Tùng Mạnh Hải Quang Vũ Dũng Thắng Tiến Phúc Lâm Khải Tú Trường Toàn Cường Khoa Thái Bách"
    ),
    _words(
        "Anh Minh Khang Bảo Khôi Phúc Huy Đăng Quân Phong Nam Đức Long Hưng Nguyên Khoa Hoàng Dũng Kiên Lâm "
        "Tùng An Bách Việt Sơn Duy Dương Hải Thành Vũ Quang Trí Gia Khánh Thịnh Đạt Tuệ Tú Bình Cường"
    ),
)
GIVEN_FEMALE = (
    _words(
        "Lan Hoa Thơm Mùi Tý Sửu Gái Nhài Tẹo Vui Mận Đào Liên Sen Huệ Cúc Thắm Nụ Bé Lụa Hiền Ngát Xuyến Yến "
        "Loan Phượng Nga Thoa Tho Nhàn Chắt Hợi Dậu Tỵ Thìn Mão Mừng Ngọ Thân Oanh"
    ),
    _words(
        "Hoa Lan Hương Hà Thủy Nga Hằng Hạnh Liên Bình Nhung Thảo Thu Tuyết Vân Yến Hiền Mai Oanh Loan Phượng "
        "Thanh Hồng Lý Huệ Dung Xuân Tâm Thơm Minh Sáu Hải Sen Nguyệt Thoa Vui Cúc Ngân Bích Phương"
    ),
    _words(
        "Hương Trang Huyền Linh Hà Thảo Hằng Phương Nhung Thu Lan Hoa Yến Ngọc Mai Thủy Dung Anh Nga Vân Hạnh "
        "Hiền Thúy Loan Quỳnh Giang Hồng Liên Oanh Ngân Tuyết My Duyên Xuân Nguyệt Châm Diệp Tâm Thơm Lý"
    ),
    _words(
        "Anh Linh Trang Phương Ngọc Huyền Hương Thảo Hà Ly Mai Nhi Quỳnh Ngân My Yến Hoa Hằng Chi Giang Vy "
        "Nga Uyên Thu Vân Dung Nhung Duyên Trà Thư Ánh Lan Hiền Châu Tâm Diệp Thủy An Bình Hân"
    ),
    _words(
        "Anh Linh Chi An Ngọc Nhi My Vy Hà Trang Châu Thư Diệp Phương Ngân Hân Mai Khánh Quỳnh Thảo Giang Yến "
        "Huyền Uyên Trâm Nguyên Tuệ Minh Dương Vân Lam San Tâm Bình Ly Băng Đan Hương Khuê Như"
    ),
)
