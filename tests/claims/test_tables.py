"""Every table on the sample world: the experiments as users run them, and what the project says of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.worlds.sample_world import ROOT, run_as_user

pytestmark = pytest.mark.claims("tables")

# The smallest settings that fill every table; a name without settings runs bare.
SMALLEST = {
    "assistant": "--limit 6 --known 30 --steps 2 --talks 1",
    "call": "--limit 8 --callers 1 --rows 1 --steps 2",
    "corpus_filters": "--documents 60",
    "corpus_source": (
        "--seeds 1 --tokens 4096 --megabytes 0.3 --kilobytes 2 --vocab-size 600 --width 32 --limit 10 --trials 1 "
        "--shots 6 --examples 40 --steps 2"
    ),
    "character": "--steps 2 --batch 2 --length 160 --limit 2 --window 1 --questions 4",
    "corpus_statistics": "",
    "corpus_uses": "",
    "encoders": "--megabytes 0.3 --vocab-size 600 --layers 1 --width 16 --heads 2 --length 32 --tokens 2000 "
    "--examples 40 --seeds 1 --steps 2 --limit 20",
    "emergence": "--model runs/quickstart/model --data runs/quickstart/sample --shots 0,1 --trials 1 --limit 20",
    "event_titles": "--shots 1 --steps 2 --limit 10",
    "few_shot": "--limit 20 --trials 2 --shots 0,1 --skip-long",
    "goal_dialogues": "--k 4 --steps 2 --batch 2 --length 128 --limit 4",
    "hypermix": "--per-class 5 --k 3 --draws 2 --limit 40",
    "instruction": "--limit 6 --steps 2 --batch-size 2 --per-task 20 --max-new-tokens 4",
    "intent_augmentation": "--n 0,1 --k 2 --draws 1 --steps 2 --batch 2 --length 128 --limit 20",
    "model_sizes": "",
    "null_queries": "--limit 8 --training 8 --steps 2",
    "open_qa": "--by bigrams,words,bigrams+vectors --limit 8 --steps 2",
    "p_tuning": "--examples 70 --seeds 1 --steps 4 --limit 20 --trials 2",
    "preference": "--limit 6 --beta 0.5 --best-of 2 --adapt-steps 2 --reward-steps 2 --steps 2 --batch-size 4",
    "pretraining": "",
    "prompt_apps": "--apps word_chain,topics,poem --samples 1 --limit 5",
    "prompt_methods": "--examples 70 --seeds 1 --steps 4 --limit 20 --trials 2 --shots 2",
    "query_modification": "--examples 40 --seeds 1 --steps 4 --limit 8",
    "real_model": "--minutes 0.1 --layers 1 --width 32 --batch 4 --length 64 --long-length 256 --limit 20",
    "review_summary": "--films 2 --limit 10 --samples 1 --steps 2",
    "quickstart": "--shots 0,2 --limit 200",
    "sentiment_neuron": "--units 8 --epochs 1 --examples 200 --limit 40 --texts 4 --controls 2 --longest 20",
    "star_prompts": "--limit 40 --training 40",
    "star_splits": "--limit 40",
    "time_budget": "--seconds 1 --shapes 1x32 --lengths 32,64 --batches 4",
    "scaling_law": "--shapes 1x32,2x32,1x64,2x64 --tokens 2e3,4e3,8e3 --megabytes 1",
    "tokenizer_ablation": "--megabytes 0.2 --vocab-size 1000 --layers 1 --width 32 --length 64 --seeds 2 --steps 4 "
    "--shots 1 --trials 1 --tuned ynat --examples 40 --tune-steps 4 --limit 20 --passages 20",
    "tokenizer_corpus": "--megabytes 1 --vocab-size 1000 --halvings 2 --kilobytes 20",
    "tokenizer_report": "--megabytes 1 --vocab-size 1000 --kilobytes 20",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, sample_world: Any) -> Path:
    """A user's folder in which the quickstart has been run."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "runs").mkdir()
    (folder / "runs" / "quickstart").symlink_to(sample_world.out)
    return folder


def test_every_experiment_is_here():
    files = {path.stem for path in (ROOT / "experiments").glob("*.py")}
    assert set(SMALLEST) == {
        name for name in files if "__main__" in (ROOT / f"experiments/{name}.py").read_text()
    }


@pytest.mark.parametrize("name", sorted(SMALLEST))
def test_an_experiment_runs_without_arguments_of_its_own_data(desk, name):
    result = run_as_user(f"experiments.{name}", *SMALLEST[name].split(), cwd=desk)
    assert result.returncode == 0, result.stderr[-3000:]
    folder = desk / "runs" / name
    results = json.loads((folder / "results.json").read_text())
    assert results["experiment"] == name
    assert results["rows"]
    assert (folder / "table.md").read_text().startswith(f"## {name}")
    for row in results["rows"]:
        if "low" in row and row.get("value") is not None:
            assert row["low"] <= row["value"] <= row["high"], row


def test_the_quickstart_learns_the_task(sample_world):
    rows = json.loads((sample_world.out / "results.json").read_text())["rows"]
    scores = [row for row in rows if row["task"] == "nsmc"]
    assert scores
    for row in scores:
        assert row["low"] > row["baseline"], (
            "the quickstart's plot shows a model above the majority"
        )


def test_written_utterances_beat_the_names_alone(sample_world, tmp_path):
    command = ["--model", sample_world.model, "--data", sample_world.data, "--out", tmp_path]
    command += ["--writer", "adapted", "--n", 0, "--k", 25, "--draws", 3, "--steps", 900]
    command += ["--batch", 4, "--length", 448, "--learning-rate", 0.004]
    result = run_as_user("experiments.intent_augmentation", *command)
    assert result.returncode == 0, result.stderr[-3000:]
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    scores = {row["method"]: row for row in rows}
    assert scores["adapted"]["low"] > scores["name"]["high"]


def test_a_tracker_learns_from_dialogues_what_no_rule_knows(sample_world, tmp_path):
    command = ["--model", sample_world.model, "--data", sample_world.data, "--out", tmp_path]
    command += ["--domains", "기차", "--k", 60, "--writer", "adapted", "--steps", 300]
    command += ["--batch", 4, "--length", 320, "--learning-rate", 0.004]
    result = run_as_user("experiments.goal_dialogues", *command)
    assert result.returncode == 0, result.stderr[-3000:]
    table = json.loads((tmp_path / "results.json").read_text())
    rows = [row for row in table["rows"] if row["metric"] == "joint goal accuracy"]
    scores = {row["method"]: row for row in rows}
    assert scores["match"]["low"] > scores["none"]["high"]
    assert scores["real"]["low"] > scores["match"]["high"]
    # What the written ones are worth depends on the model: the table itself says which claims hold.
    for rival in ("above none", "above match", "below real"):
        assert any(f"adapted 기차, k=60: {rival}: " in note for note in table["notes"])


def test_instructions_help_in_wordings_that_no_training_had(sample_world, tmp_path):
    command = ["--model", sample_world.model, "--data", sample_world.data, "--out", tmp_path]
    command += ["--left-out", "none", "--shots", 0, "--limit", 60, "--per-task", 2000]
    command += ["--steps", 300, "--length", 256, "--learning-rate", 0.003, "--max-new-tokens", 24]
    result = run_as_user("experiments.instruction", *command)
    assert result.returncode == 0, result.stderr[-3000:]
    table = json.loads((tmp_path / "results.json").read_text())
    scores = {(row["system"], row["task"], row["metric"]): row for row in table["rows"]}
    for task, metric in (("ynat", "accuracy"), ("nsmc", "ended"), ("ynat", "valid")):
        tuned, base = (scores[name, task, metric] for name in ("unseen_wording", "base_zero"))
        assert tuned["low"] > base["high"]
    claim = "tuned beats the base model zero-shot on unseen wordings, mean of 9 tasks: holds"
    assert any(claim in note for note in table["notes"])


def test_soft_labels_keep_what_hard_ones_spoil(sample_world, tmp_path):
    # This model knows little of topics: its likeliest label is mostly wrong, and how unsure it is tells so.
    command = ["--model", sample_world.model, "--data", sample_world.data, "--out", tmp_path]
    command += ["--tasks", "ynat", "--per-class", 20, "--k", 20, "--draws", 3, "--limit", 1000]
    result = run_as_user("experiments.hypermix", *command)
    assert result.returncode == 0, result.stderr[-3000:]
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    scores = {row["method"]: row for row in rows}
    assert scores["soft"]["low"] > scores["hard"]["high"]
    assert scores["real"]["value"] > scores["none"]["value"]


def test_trained_title_writers_beat_the_prompt_and_the_encoder_decoder_beats_copying(
    sample_world, tmp_path
):
    # Of titles BLEU says how much is alike, not which is better (the paper's Table 8): that is for people.
    command = ["--model", sample_world.model, "--data", sample_world.data, "--out", tmp_path]
    command += ["--methods", "few_shot,tuned,encoder_decoder,nearest,tags", "--steps", 300]
    command += ["--shots", 2, "--seed", 0]
    result = run_as_user("experiments.event_titles", *command)
    assert result.returncode == 0, result.stderr[-3000:]
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    scores = {row["method"]: row for row in rows if row["metric"] == "bleu"}
    assert scores["tuned"]["low"] > scores["few_shot"]["high"]
    assert scores["encoder_decoder"]["low"] > scores["nearest"]["high"]
    assert scores["encoder_decoder"]["low"] > scores["tags"]["high"]
    copied = {row["method"]: row["value"] for row in rows if row["metric"] == "copied"}
    assert max(copied["tuned"], copied["encoder_decoder"]) < 10 < copied["nearest"]


def test_the_notes_say_whether_rewriting_or_a_rival_restores_more(sample_world, tmp_path):
    systems = "nothing,kiwi,symspell,rules,candidates"
    command = ["--model", sample_world.model, "--data", sample_world.data, "--out", tmp_path]
    result = run_as_user("experiments.null_queries", *command, "--systems", systems)
    assert result.returncode == 0, result.stderr[-3000:]
    found = json.loads((tmp_path / "results.json").read_text())
    restored = {
        (row["kind"], row["system"]): row for row in found["rows"] if row["metric"] == "restored"
    }
    for kind in ("neighbour", "spacing", "jamo", "latin", "fact"):
        own = restored[kind, "candidates"]
        rivals = [restored[kind, name] for name in ("nothing", "kiwi", "symspell", "rules")]
        best = max(rivals, key=lambda row: row["value"])
        (note,) = [note for note in found["notes"] if f" {kind}: " in note]
        assert f"candidates − {best['system']}" in note
        assert "candidates wins" in note or own["low"] <= best["high"]
        assert f"{best['system']} wins" in note or own["high"] >= best["low"]
    # No spelling corrector knows keyboards.
    correctors = [restored["latin", name]["high"] for name in ("kiwi", "symspell")]
    assert restored["latin", "candidates"]["low"] > max(correctors)


def test_characters_recall_with_memory_and_keep_their_manner_with_control(sample_world, tmp_path):
    command = ["--model", sample_world.model, "--data", sample_world.data, "--out", tmp_path]
    command += ["--steps", 600, "--learning-rate", 0.004]
    result = run_as_user("experiments.character", *command)
    assert result.returncode == 0, result.stderr[-3000:]
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    scores = {(row["system"], row["metric"]): row for row in rows if row["kind"] == "talk"}
    assert scores["memory", "recalled"]["low"] > scores["window", "recalled"]["high"]
    assert scores["pcu", "violated"]["high"] < scores["plain", "violated"]["low"]


def test_a_reader_that_chooses_is_above_one_without_a_passage(sample_world, tmp_path):
    command = ["--model", sample_world.model, "--data", sample_world.data, "--out", tmp_path]
    command += ["--by", "bigrams", "--passages", "retrieved,none", "--steps", 900]
    result = run_as_user("experiments.open_qa", *command)
    assert result.returncode == 0, result.stderr[-3000:]
    table = json.loads((tmp_path / "results.json").read_text())
    rows = [row for row in table["rows"] if row["measure"] == "answers" and row["metric"] == "f1"]
    assert {row["kind"] for row in rows} == {"all", "fact", "hops", "boolean", "why", "how"}
    every = {(row["system"], row["reader"]): row for row in rows if row["kind"] == "all"}
    assert every["retrieved", "chooses"]["low"] > every["none", "writes"]["high"]
    for claim in ("no passage", "a written answer"):
        (note,) = [
            one
            for one in table["notes"]
            if f"chooses: F1 with the retrieved passage above {claim}" in one
        ]
        assert ": holds, " in note


def test_clusters_find_what_reviews_speak_of_and_the_notes_judge_the_talk(sample_world, tmp_path):
    command = ["--model", sample_world.model, "--data", sample_world.data, "--out", tmp_path]
    command += ["--films", 40, "--meters", "rouge1,nli", "--groups", "film", "--limit", 200]
    result = run_as_user("experiments.review_summary", *command, "--steps", 100, "--samples", 0)
    assert result.returncode == 0, result.stderr[-3000:]
    found = json.loads((tmp_path / "results.json").read_text())
    rand = {row["system"]: row for row in found["rows"] if row["kind"] == "aspect"}
    for system in ("tfidf", "encoder"):
        assert rand[system]["low"] > max(rand["random"]["high"], rand["single"]["high"])
    auroc = {(row["system"], row["kind"]): row for row in found["rows"] if row["metric"] == "auroc"}
    assert auroc["rouge1", "joined"]["low"] > auroc["rouge1", "one"]["high"]
    # What the head is worth depends on the model and its steps: the table itself says which claims hold.
    for kind, words in (("own", "its own premise"), ("best", "the best of five premises")):
        (note,) = [one for one in found["notes"] if f"NLI above ROUGE (rouge1), {words}: " in one]
        own, rival = auroc["nli", kind], auroc["rouge1", kind]
        assert ": holds," in note or own["low"] <= rival["high"]
        assert ": fails," in note or own["high"] >= rival["low"]
    assert sum("several premises above one: NLI" in note for note in found["notes"]) == 4


def test_the_encoder_beats_untrained_pooling(sample_world, tmp_path):
    command = ["--model", sample_world.model, "--data", sample_world.data, "--out", tmp_path]
    result = run_as_user("experiments.assistant", *command, "--kinds", "encoder", "--steps", 200)
    assert result.returncode == 0, result.stderr[-3000:]
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    for metric in ("R@1", "group found"):
        scores = {row["system"]: row for row in rows if row["metric"] == metric}
        assert scores["encoder"]["low"] > scores["untrained"]["high"]


def test_all_hypotheses_give_more_values_than_the_first_and_a_model_knows_what_is_said_next(
    sample_world, tmp_path
):
    command = ["--model", sample_world.model, "--data", sample_world.data]
    turns = [*command, "--kinds", "turns", "--systems", "rules", "--callers", 25]
    asked = [*command, "--kinds", "next", "--systems", "model", "--limit", 200]
    for words, out in ((turns, tmp_path / "turns"), (asked, tmp_path / "next")):
        result = run_as_user("experiments.call", *words, "--out", out)
        assert result.returncode == 0, result.stderr[-3000:]
    notes = json.loads((tmp_path / "turns" / "results.json").read_text())["notes"]
    assert any("rules, value: all hypotheses above the first: holds" in note for note in notes)
    rows = json.loads((tmp_path / "next" / "results.json").read_text())["rows"]
    for row in rows:  # the sample's chats are too few to say anything of
        if row["kind"] == "next reservations":
            assert row["low"] > row["baseline"], "above chance, by p(utterance | turns) alone"
    assert {row["kind"] for row in rows} == {"next reservations", "next chats"}


def test_alignment_raises_the_judge_near_the_reference(desk, tmp_path):
    result = run_as_user("experiments.preference", "--out", tmp_path, cwd=desk)
    assert result.returncode == 0, result.stderr[-3000:]
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    found = {(row["method"], row["beta"], row["metric"]): row for row in rows}
    start = {metric: found["reference", None, metric] for metric in ("judge", "bits_per_byte")}
    assert any(
        found[method, beta, "judge"]["low"] > start["judge"]["high"]
        and found[method, beta, "kl"]["high"] < 10
        and found[method, beta, "bits_per_byte"]["value"] < 1.05 * start["bits_per_byte"]["value"]
        for method, beta in {(row["method"], row["beta"]) for row in rows if row["beta"]}
    )


def test_p_tuning_beats_few_shot_prompting(sample_world, tmp_path):
    # Topics, not reviews: six reviews in the prompt are nearly all that this model needs, six headlines help it little.
    command = ["--model", sample_world.model, "--data", sample_world.data, "--task", "ynat"]
    command += ["--encoder", "mlp", "--examples", 4000, "--seeds", 4, "--steps", 400]
    command += ["--shots", 6, "--trials", 8, "--limit", 500, "--out", tmp_path]
    result = run_as_user("experiments.p_tuning", *command)
    assert result.returncode == 0, result.stderr[-3000:]
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    scores = {row["method"]: row for row in rows}
    assert scores["p_tuning"]["low"] > scores["few_shot"]["high"]
    assert scores["p_tuning"]["low"] > scores["p_tuning"]["baseline"]
