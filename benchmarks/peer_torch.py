"""The contender in PyTorch: DeepMaxent's training, written out plainly.

A small reimplementation of the published recipe, after the description of the authors'
code (Ryckewaert et al., DeepMaxent, arXiv:2412.19217): input layer and residual blocks
of 250, a head with bias, loss `-(y log_softmax over sites).mean()`, Adam with weight
decay in the gradient, batches of 250 shuffled every epoch with the short last one
kept, the parameters of the epoch with the lowest mean training loss restored.

`loader=true` feeds it by a `DataLoader`, as the authors do: the reference.
`loader=false` indexes the tensors directly, which is the faster way to write it.

    peer_torch.py TASKS.npz THREADS      then requests on stdin, see workers.py
"""

import copy
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from workers import peak_megabytes, serve


class Network(nn.Module):
    """The residual network; the head gives the log intensity of every species."""

    def __init__(self, features: int, species: int, hidden: int = 250, blocks: int = 2):
        super().__init__()
        self.input = nn.Linear(features, hidden)
        self.blocks = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(blocks))
        self.head = nn.Linear(hidden, species)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[sites, features]` to `[sites, species]`."""
        x = torch.relu(self.input(x))
        for block in self.blocks:
            x = x + torch.relu(block(x))
        return self.head(x)


def train(
    features: torch.Tensor,
    counts: torch.Tensor,
    *,
    seed: int,
    epochs: int,
    learning_rate: float,
    weight_decay: float,
    batch_size: int,
    loader: bool,
) -> tuple[Network, int]:
    """Trains one network; gives it with the number of steps it took."""
    torch.manual_seed(seed)
    network = Network(features.shape[1], counts.shape[1])
    optimizer = torch.optim.Adam(
        network.parameters(), lr=learning_rate, weight_decay=weight_decay
    )
    batches = DataLoader(
        TensorDataset(features, counts), batch_size=batch_size, shuffle=True
    )
    best, best_loss, steps = network.state_dict(), float("inf"), 0
    for _ in range(epochs):
        losses = []
        for x, y in batches if loader else _batches(features, counts, batch_size):
            optimizer.zero_grad()
            loss = -(y * torch.log_softmax(network(x), dim=0)).mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        steps += len(losses)
        if np.mean(losses) < best_loss:
            best, best_loss = (
                copy.deepcopy(network.state_dict()),
                float(np.mean(losses)),
            )
    network.load_state_dict(best)
    return network, steps


def _batches(features, counts, size):
    order = torch.randperm(len(features))
    for begin in range(0, len(order), size):
        rows = order[begin : begin + size]
        yield features[rows], counts[rows]


def main() -> None:
    """Answers `{epochs, loader, seed, recipe, scores}` until stdin closes."""
    tables, threads = np.load(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(threads)
    names = [str(name) for name in tables["names"]]
    data = {
        name: [torch.from_numpy(tables[f"{name}/{kind}"]) for kind in "xy"]
        for name in names
    }

    def answer(epochs, loader, seed, recipe, scores):
        steps, fitted = 0, {}
        started, busy = time.perf_counter(), time.process_time()
        for name in names:
            features, counts = data[name]
            fitted[name], taken = train(
                features, counts, seed=seed, epochs=epochs, loader=loader, **recipe
            )
            steps += taken
        seconds, busy = time.perf_counter() - started, time.process_time() - busy
        peak = peak_megabytes()
        if scores:
            np.savez(scores, **_scores(fitted, tables))
        return {
            "seconds": seconds,
            "cpu_seconds": busy,
            "steps": steps,
            "peak_megabytes": peak,
        }

    recipe = {"learning_rate": 1e-3, "weight_decay": 0.0, "batch_size": 250}
    ready = {"megabytes": peak_megabytes()}
    answer(epochs=1, loader=True, seed=0, recipe=recipe, scores="")  # warms it up
    serve(ready, answer)


def _scores(fitted, tables):
    """Log intensity at the survey sites, by `task/survey`."""
    out = {}
    with torch.no_grad():
        for key in tables.files:
            if key.startswith("survey/"):
                _, name, survey = key.split("/")
                x = torch.from_numpy(tables[key])
                out[f"{name}/{survey}"] = fitted[name](x).numpy()
    return out


if __name__ == "__main__":
    main()
