// The words of the room of chats in English.

export const en = {
  roomChat: "Chat",
  chatTitle: "Chat with the model",
  chatIntro: "A model that has learned to follow instructions answers, and knows what was said before. Temperature and length are the playground's settings; the chat stays in this window.",
  chatSystemTitle: "Tell the model something beforehand",
  chatSystem: "System message",
  chatSystemPlaceholder: "Such as: translate what I write into English.",
  chatInput: "Message",
  chatPlaceholder: "Say something to the model",
  chatModel: "Model",
  chatCut: "It stopped at the length limit. The settings can raise the number of tokens.",
  chatLacking: "This model continues texts; it has not learned to chat.",
};
