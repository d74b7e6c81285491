"""Training: it learns, resumes bit for bit, shares batches among processes, and fails by name."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch
import torch.distributed as dist
from tiles import CONFIG, DATA, NETWORK, TEST, TRAIN, assert_same, tiles, weights

from fq_hw.checkpoint import Checkpoint
from fq_hw.data import Split
from fq_hw.data.split import hold_out
from fq_hw.errors import ArtifactError, ParameterError
from fq_hw.float_network import FloatNetwork, Layer, Op
from fq_hw.layers import Activation, Embedding, EmbeddingKind, Norm, StepRule, WeightScale
from fq_hw.network import Stage
from fq_hw.nn import training
from fq_hw.nn.direct import WeightUpdate
from fq_hw.nn.network import ErnNet
from fq_hw.nn.recipe import MOST
from fq_hw.nn.training import TrainConfig, accuracy, arrays, train


@pytest.fixture(scope="module")
def run():
    """One run: epochs, their weights and their states."""
    kept = []
    for epoch in train(NETWORK, DATA, CONFIG):
        kept.append((epoch, weights(epoch.model), epoch.state()))
    return kept


def test_lowers_the_loss_and_learns(run):
    epochs = [epoch for epoch, _, _ in run]
    assert [epoch.number for epoch in epochs] == [0, 1, 2, 3]
    assert epochs[-1].loss < 0.85 * epochs[0].loss
    assert epochs[-1].test_accuracy > 0.9
    assert [epoch.train_accuracy * 80 % 1 for epoch in epochs] == [0] * 4  # whole images
    assert epochs[-1].test_accuracy == accuracy(epochs[-1].model, TEST)


def test_arrays_are_those_of_a_checkpoint(run):
    _, last, _ = run[-1]
    checked = Checkpoint(network=NETWORK, arrays=last)
    assert all(array.flags.c_contiguous for array in checked.arrays.values())


def test_same_seed_same_weights_and_another_seed_others(run):
    first = next(train(NETWORK, DATA, CONFIG))
    assert_same(weights(first.model), run[0][1])
    other = next(train(NETWORK, DATA, dataclasses.replace(CONFIG, seed=4)))
    name = "tail.conv.weight"
    assert not np.array_equal(arrays(other.model)[name], run[0][1][name])


@pytest.mark.parametrize("done", [0, 2])
def test_resume_gives_the_same_bits(run, done, tmp_path):
    torch.save(run[done][2], tmp_path / "state.pt")
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    rest = list(train(NETWORK, DATA, CONFIG, state=state))
    assert [epoch.number for epoch in rest] == list(range(done + 1, 4))
    assert_same(weights(rest[-1].model), run[-1][1])
    assert rest[-1].loss == run[-1][0].loss


def test_resume_of_a_finished_run_has_nothing_to_do(run):
    assert list(train(NETWORK, DATA, CONFIG, state=run[-1][2])) == []


def test_state_stays_as_it_was(run):
    """A state that is kept does not follow the training."""
    early = run[0][2]["model"]["tail.conv.weight"].numpy()
    np.testing.assert_array_equal(early, run[0][1]["tail.conv.weight"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"config": dataclasses.replace(CONFIG, lr=0.2)}, "train.lr"),
        ({"config": dataclasses.replace(CONFIG, epochs=9, seed=5)}, "train.epochs, train.seed"),
        ({"data": dataclasses.replace(DATA, name="other")}, "data"),
        ({"network": dataclasses.replace(NETWORK, norm_eps=1e-3)}, "network"),
        ({"network": dataclasses.replace(NETWORK, stages=(Stage(width=4, blocks=1),))}, "network"),
    ],
)
def test_resume_refuses_what_the_run_did_not_begin_with(run, change, message):
    call = {"network": NETWORK, "data": DATA, "config": CONFIG} | change
    with pytest.raises(ArtifactError, match=f"^train state: .*with another {message}; resume"):
        next(train(**call, state=run[0][2]))


def test_reports_every_step_and_leaves_out_the_partial_batch():
    heard = []
    seen = []
    keep = ErnNet.forward

    def forward(self, images):
        if self.training:
            seen.append(len(images))
        return keep(self, images)

    config = dataclasses.replace(CONFIG, epochs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ErnNet, "forward", forward)
        list(train(NETWORK, DATA, config, report=lambda *numbers: heard.append(numbers)))
    assert heard == [(0, step, 5) for step in range(1, 6)]
    assert seen == [16] * 5


def test_learning_rate_falls_from_the_scaled_one_to_zero():
    config = TrainConfig(epochs=2, batch=64, lr=0.4)
    rates = [training.cosine(config, n / 10) for n in range(11)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[5] == pytest.approx(0.05)
    assert rates[10] == 0
    assert all(a > b for a, b in itertools.pairwise(rates))


@pytest.mark.parametrize("field", MOST)
def test_refuses_what_no_machine_can_do(field):
    """Before anything is allocated or started."""
    plain = {"epochs": 1}
    TrainConfig(**plain | {field: MOST[field]})
    with pytest.raises(ParameterError, match=f"{field} must be at most {MOST[field]:,}"):
        TrainConfig(**plain | {field: MOST[field] + 1})


def test_decay_is_on_convolutions_alone():
    model = ErnNet(NETWORK)
    names = {id(p): n for n, p in model.named_parameters()}
    groups = training.make_optimizer(model, CONFIG).param_groups
    found = [{names[id(p)] for p in group["params"]} for group in groups]
    convs = {n for n in names.values() if ".conv" in n or ".down" in n}
    assert found == [convs, set(names.values()) - convs]
    assert "embedding.table" in found[1]
    assert [group["weight_decay"] for group in groups] == [1e-5, 0.0]
    assert {group["eps"] for group in groups} == {1e-4}


def test_table_is_clipped_after_every_step():
    hot = dataclasses.replace(CONFIG, epochs=1, lr=20.0)
    table = arrays(next(train(NETWORK, DATA, hot)).model)["embedding.table"]
    assert (table.min(), table.max()) == (0, 2)


def test_trains_without_a_table():
    fixed = Embedding(kind=EmbeddingKind.THERMOMETER, length=3)
    network = dataclasses.replace(NETWORK, embedding=fixed)
    epoch = next(train(network, DATA, CONFIG))
    Checkpoint(network=network, arrays=arrays(epoch.model))


@pytest.mark.parametrize("kind", [EmbeddingKind.FLOAT, EmbeddingKind.EXACT])
def test_trains_on_the_pixels_themselves(kind):
    network = dataclasses.replace(NETWORK, embedding=Embedding(kind=kind, length=1))
    *_, epoch = train(network, DATA, CONFIG)
    assert epoch.test_accuracy > 0.8
    Checkpoint(network=network, arrays=arrays(epoch.model))


LEARNED = dataclasses.replace(NETWORK, weight_scale=WeightScale.LEARNED)
DIRECT = dataclasses.replace(CONFIG, update=WeightUpdate.DIRECT)


@pytest.mark.parametrize("bits", [1, 2])
def test_direct_updates_learn_and_resume_bit_for_bit(bits):
    network = dataclasses.replace(LEARNED, weight_bits=bits)
    kept = [(e, weights(e.model), e.state()) for e in train(network, DATA, DIRECT)]
    assert kept[-1][0].test_accuracy > 0.8
    assert all(0 < epoch.flips < 1 for epoch, _, _ in kept)
    *_, last = train(network, DATA, DIRECT, state=kept[1][2])
    assert_same(weights(last.model), kept[-1][1])
    for name, level in kept[-1][1].items():
        if name.endswith(".level"):
            top = (2**bits - 1) * level
            latent = np.abs(kept[-1][1][name.replace(".level", ".weight")]).max(axis=(1, 2, 3))
            assert (latent <= top).all()
            assert not np.array_equal(level, kept[0][1][name])


def test_direct_updates_need_learned_levels():
    contract = (
        "^TrainConfig: update direct needs a network of weight_scale learned \\(got 'mean'\\)$"
    )
    with pytest.raises(ParameterError, match=contract):
        next(train(NETWORK, DATA, DIRECT))


def test_levels_have_a_share_of_the_learning_rate_and_stay_positive():
    model = ErnNet(LEARNED)
    names = {id(p): n for n, p in model.named_parameters()}
    groups = training.make_optimizer(model, CONFIG).param_groups
    levels = {n for n in names.values() if n.endswith(".level")}
    assert {names[id(p)] for p in groups[2]["params"]} == levels
    assert [group["share"] for group in groups] == [1.0, 1.0, training.LEVEL_SHARE]
    hot = dataclasses.replace(CONFIG, epochs=1, lr=20.0)
    found = arrays(next(train(LEARNED, DATA, hot)).model)
    assert min(found[name].min() for name in levels) > 0


def test_flips_are_the_share_of_weights_that_end_an_epoch_otherwise(run):
    def positive(state):
        convs = [v for k, v in state.items() if v.ndim == 4]
        return np.concatenate([(v >= 0).ravel() for v in convs])

    for (_, before, _), (epoch, after, _) in itertools.pairwise(run):
        assert epoch.flips == (positive(before) != positive(after)).mean()
        assert epoch.flips > 0


def test_widths_are_fitted_without_norms():
    network = dataclasses.replace(
        NETWORK, norm=Norm.BIAS, activation=Activation(rule=StepRule.ROBUST)
    )
    *_, epoch = train(network, DATA, CONFIG)
    assert epoch.test_accuracy > 0.8
    found = Checkpoint(network=network, arrays=arrays(epoch.model)).arrays
    assert all(v > 0 for k, v in found.items() if k.endswith(".width"))


def test_accuracy_counts_every_image_of_an_odd_split():
    class Constant(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = torch.nn.Parameter(torch.zeros(1))

        def forward(self, images):
            return torch.tensor([0.0, 1.0, 0.5]).expand(len(images), 3)

    split = tiles(31, 9)
    assert accuracy(Constant(), split, batch=10) == (split.labels == 1).sum() / 31


def test_shift_and_mirror_move_whole_pixels():
    images = torch.from_numpy(tiles(60, 5).images)
    moved = training.augment(images, CONFIG, np.random.default_rng(0))
    assert moved.dtype == torch.uint8
    padded = torch.zeros(60, 10, 10, 3, dtype=torch.uint8)
    padded[:, 1:-1, 1:-1] = images
    found = set()
    for index in range(60):
        for dy, dx, mirror in itertools.product(range(3), range(3), (False, True)):
            window = padded[index, dy : dy + 8, dx : dx + 8]
            if moved[index].equal(window.flip(1) if mirror else window):
                found.add((index, dy, dx, mirror))
    assert sorted({index for index, *_ in found}) == list(range(60))
    assert {(dy, dx) for _, dy, dx, _ in found} == set(itertools.product(range(3), range(3)))
    assert {mirror for *_, mirror in found} == {False, True}
    plain = dataclasses.replace(CONFIG, crop=0, flip=False)
    assert training.augment(images, plain, np.random.default_rng(0)).equal(images)


def test_augmentation_does_not_repeat_the_random_numbers_of_the_order(monkeypatch):
    made = []
    build = np.random.default_rng

    def default_rng(seed):
        made.append(build(seed).integers(2**60))
        return build(seed)

    monkeypatch.setattr(training.np.random, "default_rng", default_rng)
    next(train(NETWORK, DATA, CONFIG))
    assert len(made) == len(set(made)) == 2


@pytest.mark.parametrize(("ranks", "batch"), [(2, 16), (3, 24)])
def test_ranks_take_disjoint_shares_of_every_batch(monkeypatch, ranks, batch):
    """Play each rank in turn, without a second process: note the pixels that it trains on."""
    numbered = np.zeros((60, 8, 8, 3), np.uint8)
    numbered[..., 0] = np.arange(60)[:, None, None]
    split = Split(images=numbered, labels=np.arange(60) % 3)
    data = dataclasses.replace(DATA, train=lambda seed: split)
    config = TrainConfig(epochs=1, batch=batch, lr=0.1)
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: ranks)
    monkeypatch.setattr(dist, "all_reduce", lambda total: None)
    monkeypatch.setattr(torch.nn.parallel, "DistributedDataParallel", lambda model: model)
    keep, taken = ErnNet.forward, []

    def forward(self, images):
        if self.training:
            taken[-1].append(images[:, 0, 0, 0].tolist())
        return keep(self, images)

    monkeypatch.setattr(ErnNet, "forward", forward)
    for rank in range(ranks):
        monkeypatch.setattr(dist, "get_rank", lambda rank=rank: rank)
        taken.append([])
        list(train(NETWORK, data, config))
    for steps in taken:
        assert [len(step) for step in steps] == [batch // ranks] * (60 // batch)
    seen = [number for steps in taken for step in steps for number in step]
    assert len(seen) == len(set(seen)) == 60 // batch * batch
    order = np.random.default_rng([0, 0]).permutation(60)
    for step in range(60 // batch):
        together = [number for steps in taken for number in steps[step]]
        assert together == order[step * batch : (step + 1) * batch].tolist()


@pytest.mark.parametrize(("ranks", "batch"), [(3, 16), (4, 4), (2, 17)])
def test_refuses_a_batch_that_the_ranks_cannot_share(monkeypatch, ranks, batch):
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: ranks)
    monkeypatch.setattr(dist, "get_rank", lambda: 0)
    contract = (
        f"^TrainConfig: batch must be a multiple of the {ranks} processes, .* \\(got {batch}\\)$"
    )
    with pytest.raises(ParameterError, match=contract):
        next(train(NETWORK, DATA, dataclasses.replace(CONFIG, batch=batch)))


def test_refuses_a_batch_larger_than_the_data():
    contract = "^TrainConfig: batch must be at most the 85 training images of tiles \\(got 86\\)$"
    with pytest.raises(ParameterError, match=contract):
        next(train(NETWORK, DATA, dataclasses.replace(CONFIG, batch=86)))
    assert next(train(NETWORK, DATA, dataclasses.replace(CONFIG, batch=85))).loss > 0


FLOAT = FloatNetwork(
    name="float",
    image=(8, 8, 3),
    classes=3,
    layers=(
        Layer(op=Op.CONV, width=6, kernel=3, norm=True, relu=True),
        Layer(op=Op.MAX_POOL, kernel=2),
        Layer(op=Op.DENSE, width=3),
    ),
)


def test_trains_a_float_network():
    epochs = list(train(FLOAT, DATA, CONFIG))
    assert epochs[-1].loss < 0.85 * epochs[0].loss
    assert epochs[-1].test_accuracy > 0.9
    Checkpoint(network=FLOAT, arrays=arrays(epochs[-1].model))  # which checks names and shapes


def test_held_out_images_do_not_train(monkeypatch):
    seen = set()

    def watch(images, config, rng, side=None):
        seen.update(image.numpy().tobytes() for image in images)
        return images

    monkeypatch.setattr(training, "augment", watch)
    config = dataclasses.replace(CONFIG, epochs=6, batch=10, hold_out=25)
    list(train(FLOAT, DATA, config))
    left, held = hold_out(DATA, 25)
    assert seen == {image.tobytes() for image in left.images}
    assert not seen & {image.tobytes() for image in held.images}


@pytest.mark.parametrize(("share", "count"), [(0.2, 17), (13.0, 13), (0.001, 1)])
@pytest.mark.parametrize("kept_for_search", [0, 25])
def test_validation_images_do_not_train_and_are_judged(monkeypatch, share, count, kept_for_search):
    seen, real, judged = set(), training.accuracy, []

    def watch(images, config, rng, side=None):
        seen.update(image.numpy().tobytes() for image in images)
        return images

    def note(model, split, **options):
        judged.append(split)
        return real(model, split, **options)

    monkeypatch.setattr(training, "augment", watch)
    monkeypatch.setattr(training, "accuracy", note)
    config = dataclasses.replace(
        CONFIG, epochs=8, batch=5, validation=share, hold_out=kept_for_search
    )
    epochs = list(train(FLOAT, DATA, config))
    held = {image.tobytes() for image in judged[1].images}
    if share == 0.2:
        count = round(0.2 * (85 - kept_for_search))
    assert len(held) == count and not seen & held
    every = {image.tobytes() for image in TRAIN.images}
    assert held < every and len(every - held - seen) == kept_for_search
    taken = np.bincount(judged[1].labels, minlength=3)
    assert taken.max() - taken.min() <= 1
    assert judged[0] is DATA.test()
    assert epochs[-1].validation_accuracy == real(epochs[-1].model, judged[1])


def test_without_validation_there_is_none():
    assert next(train(FLOAT, DATA, CONFIG)).validation_accuracy is None


def test_refuses_validation_images_of_a_set_that_is_drawn_anew():
    anew = dataclasses.replace(DATA, anew=True)
    with pytest.raises(ArtifactError, match="draws its training images anew"):
        next(train(FLOAT, anew, dataclasses.replace(CONFIG, validation=0.1)))


def test_a_state_of_before_validation_goes_on():
    """Keys that it lacks have their defaults; workers may be others than before."""
    run = train(NETWORK, DATA, CONFIG)
    state = next(run).state()
    second = next(run)
    for key in ("validation", "keep"):
        del state["origin"]["train"][key]
    assert "workers" not in state["origin"]["train"]
    more = dataclasses.replace(CONFIG, workers=3)
    assert next(train(NETWORK, DATA, more, state=state)).loss == second.loss
    with pytest.raises(ArtifactError, match="began with another train.validation"):
        next(train(NETWORK, DATA, dataclasses.replace(CONFIG, validation=0.1), state=state))


def test_a_state_that_held_other_images_out_does_not_go_on():
    config = dataclasses.replace(CONFIG, hold_out=10)
    state = next(train(NETWORK, DATA, config)).state()
    del state["origin"]["order"]
    with pytest.raises(ArtifactError, match="began with another order of images, of which others"):
        next(train(NETWORK, DATA, config, state=state))


def test_keeping_the_best_needs_validation_images():
    contract = "^TrainConfig: keep best needs validation images, as the test split must not choose"
    with pytest.raises(ParameterError, match=f"{contract}; add validation = 0.1$"):
        dataclasses.replace(CONFIG, keep=training.Keep.BEST)


def test_validation_is_a_share_or_a_number():
    with pytest.raises(ParameterError, match=r"a share below 1 or a whole number .* \(got 1.5\)$"):
        dataclasses.replace(CONFIG, validation=1.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hold_out", -1),
        ("validation", -0.1),
        ("workers", -1),
        ("epochs", 0),
        ("batch", 1),
        ("lr", 0.0),
        ("lr", math.nan),
        ("weight_decay", -1e-5),
        ("adam_eps", -1.0),
        ("ewgs_delta", -0.1),
        ("crop", -1),
        ("seed", -1),
    ],
)
def test_refuses_by_name(name, value):
    with pytest.raises(ParameterError, match=f"^TrainConfig: {name} must "):
        dataclasses.replace(CONFIG, **{name: value})
