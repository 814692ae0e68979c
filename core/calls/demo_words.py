"""What is said in the calls of the demo data, and by whom. Nobody of these names ever called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.model.call import Language


@dataclass(frozen=True, slots=True)
class DemoPeople:
    """Names."""

    agents: tuple[str, ...]
    customers: tuple[str, ...]


PEOPLE: Mapping[Language, DemoPeople] = {
    "ko": DemoPeople(
        ("김민지", "이서준", "박지훈"),
        ("최유나", "정하늘", "강도윤", "조은서", "윤시우", "임채원", "한지호", "오수빈"),
    ),
    "en": DemoPeople(
        ("Dana", "Morgan"),
        ("Chris", "Alex", "Jamie", "Robin", "Taylor", "Sam"),
    ),
}
LINES: Mapping[Language, Sequence[Sequence[str]]] = {
    "ko": (
        (
            "안녕하세요, 고객센터입니다. 무엇을 도와드릴까요?",
            "지난달 요금이 두 번 청구된 것 같아서요.",
            "불편을 드려 죄송합니다. 결제 내역을 먼저 확인해 보겠습니다.",
            "네, 카드 명세서에 같은 금액이 두 번 찍혀 있어요.",
            "확인했습니다. 한 건은 중복 결제가 맞습니다.",
            "그러면 언제 환불을 받을 수 있나요?",
            "영업일 기준 사흘 안에 같은 카드로 환불됩니다.",
            "문자로도 알려 주실 수 있나요?",
            "네, 처리되는 대로 문자로 안내해 드리겠습니다.",
            "감사합니다. 그럼 기다릴게요.",
        ),
        (
            "안녕하세요, 배송 상담입니다.",
            "주문한 물건이 다른 주소로 간 것 같아요.",
            "주문 번호를 말씀해 주시겠어요?",
            "지금 화면에 보이는 번호를 읽어 드릴게요.",
            "확인했습니다. 이사 전 주소로 발송되었네요.",
            "새 주소로 다시 받을 수 있을까요?",
            "오늘 회수를 신청하고 내일 다시 보내 드리겠습니다.",
            "추가 비용이 있나요?",
            "아니요, 비용은 없습니다.",
            "다행이네요. 고맙습니다.",
        ),
    ),
    "en": (
        (
            "Thank you for calling. How can I help you today?",
            "I think I was charged twice for the same order.",
            "I am sorry about that. Let me look at the payments first.",
            "The same amount is on my card statement two times.",
            "I see it. One of them is a duplicate.",
            "When will I get the money back?",
            "Within three working days, to the same card.",
            "Could you send me a message when it is done?",
            "Of course, you will get a text message.",
            "Thank you, that is all I needed.",
        ),
        (
            "Good afternoon, this is the delivery desk.",
            "My parcel seems to have gone to the wrong address.",
            "Could you read me the order number?",
            "Yes, it is the one on my screen right now.",
            "It was sent to the address that you had before you moved.",
            "Can you send it to the new one?",
            "I will have it picked up today and sent again tomorrow.",
            "Does that cost anything?",
            "No, it is free of charge.",
            "That is a relief, thanks a lot.",
        ),
    ),
}
"""The stories of each language, the agent's line first, then in turns."""
SUMMARIES: Mapping[Language, Sequence[tuple[str, str, str]]] = {
    "ko": (
        (
            "고객이 지난달 요금의 중복 청구를 알렸고, 상담사가 사흘 안에 환불하기로 했어요.",
            "요금이 두 번 청구되었어요.",
            "중복 결제를 확인하고 환불을 신청했어요.",
        ),
        (
            "주문이 이전 주소로 발송되어, 회수한 뒤 새 주소로 다시 보내기로 했어요.",
            "물건이 다른 주소로 갔어요.",
            "회수와 재발송을 신청했어요.",
        ),
    ),
    "en": (
        (
            "The customer was charged twice, and the agent arranged a refund within three working days.",
            "Charged twice for one order.",
            "Confirmed the duplicate and arranged a refund.",
        ),
        (
            "The parcel went to the former address; it is picked up and sent to the new one free of charge.",
            "The parcel went to the wrong address.",
            "Arranged the pick-up and a new delivery.",
        ),
    ),
}
"""What each story comes to: the summary, the customer's issue, the agent's action."""
