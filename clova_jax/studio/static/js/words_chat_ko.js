// The words of the room of chats in Korean.

export const ko = {
  roomChat: "대화",
  chatTitle: "모델과 대화하기",
  chatIntro: "지시를 따르도록 배운 모델이 앞의 말을 이어받아 답합니다. 온도와 길이는 플레이그라운드의 설정을 따르고, 대화는 이 창에만 남아요.",
  chatSystemTitle: "모델에게 미리 일러두기",
  chatSystem: "시스템 메시지",
  chatSystemPlaceholder: "예: 다음 문장을 영어로 옮기세요.",
  chatInput: "메시지",
  chatPlaceholder: "모델에게 말을 걸어 보세요",
  chatModel: "모델",
  chatCut: "길이 제한에서 멈췄어요. 설정에서 최대 토큰을 늘릴 수 있어요.",
  chatLacking: "이 모델은 글을 이어 쓸 뿐, 대화하는 법을 배우지 않았어요.",
};
