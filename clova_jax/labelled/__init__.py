""""""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "characters": ["CharacterTalk", "Exchange", "read_characters"],
        "chats": ["Chat", "chat_groups", "read_chats"],
        "dialogues": ["Dialogue", "Ontology", "State", "Turn", "read_dialogues", "read_ontology"],
        "entities": ["Sentence", "read_entities"],
        "downloads": ["BASE_URL", "DATA_SETS", "download"],
        "entailment": ["RELATIONS", "Pair", "read_klue_nli", "read_kornli"],
        "intents": ["Intent", "Intents", "Utterance", "read_intents"],
        "names": ["known_files"],
        "paraphrases": ["read_paraphrases"],
        "rows": ["Item", "optional_file", "read_items"],
        "safety": [
            "TRAINING_FILES",
            "has_training_data",
            "read_apeach",
            "read_hate_speech",
            "read_unsmile",
        ],
    },
)
