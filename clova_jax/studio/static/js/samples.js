// Texts to begin with; the model is a Korean one, so the texts are Korean in both languages.

export const SAMPLES = [
  {
    ko: "이야기 이어 쓰기",
    en: "Continue a story",
    text: "겨울이 끝나 갈 무렵, 할머니는 마당 한쪽에 감나무를 심자고 하셨다. 언 땅을 파는 동안 나는",
    values: { max_tokens: 96, stop: [] },
  },
  {
    ko: "영화평 분류하기",
    en: "Classify film reviews",
    text: "영화평을 읽고 긍정인지 부정인지 답하세요.\n\n영화평: 배우들 연기가 살아 있어서 두 시간이 금방 갔다\n평가: 긍정\n\n영화평: 예고편이 전부다. 중간에 나올 뻔했다\n평가: 부정\n\n영화평: 아이와 같이 봤는데 둘 다 울었어요\n평가:",
    values: { temperature: 0, top_p: 1, repetition_penalty: 1, max_tokens: 4, stop: ["\n"] },
  },
  {
    ko: "기획전 이름 짓기",
    en: "Name a shopping event",
    text: "상품: 등산화, 바람막이, 보온병\n기획전: 주말엔 산으로 갑니다\n\n상품: 원목 책상, 스탠드, 독서대\n기획전: 책상 앞에 앉고 싶은 방\n\n상품: 수영복, 튜브, 방수 가방\n기획전:",
    values: { max_tokens: 24, stop: ["\n"] },
  },
  {
    ko: "백과사전처럼 설명하기",
    en: "Explain like an encyclopedia",
    text: "훈민정음은 세종이 1443년에 만들고 1446년에 반포한 문자로, 백성이",
    values: { max_tokens: 96, stop: [] },
  },
];
