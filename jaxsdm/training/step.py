"""The training program: many steps of many members, compiled once.

One call runs any number of steps over a table that lies on the devices; a leading
member axis (seeds, folds, hyper-parameters) is vmapped; the loss runs in a `shard_map`
island over the mesh `("data", "species")`, everything else in global view. Rows of a
batch are sharded over `data`; the head, its moments and the logits over `species`.

With patches of rasters a call is one step, because its batch comes from a pipeline, and
members are unrolled: XLA has fast convolutions on a CPU neither inside loops (20 times
slower) nor for vmapped kernels (3.5 times), `benchmarks/convolutions.py`.

Step `i` is computed by the same compiled body whatever the calls it is grouped into,
so a run that was interrupted ends with the same bits as one that was not.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Bool, Float, Int

from jaxsdm import models
from jaxsdm.parallel import DATA, SPECIES
from jaxsdm.training.objectives import Objective
from jaxsdm.training.patch_input import PatchInput, model_inputs
from jaxsdm.training.step_table import Table, gather

# The leaves of the two tuples below are arrays, or in their place what describes
# them: shapes, shardings, partition specs.
Leaf = Any


class Hyper(NamedTuple):
    """What may differ between members, `[members]` each."""

    seed: Leaf
    learning_rate: Leaf
    weight_decay: Leaf
    dropout: Leaf
    background_mass: Leaf


class TrainState(NamedTuple):
    """Everything that a checkpoint holds.

    Attributes:
      step: `[]` int32, steps of all stages so far.
      params: leaves `[members, ...]`.
      opt_state: leaves `[members, ...]`.
      average: exponential moving average of the parameters; `()` if not kept.
      best: parameters after the epoch with the lowest mean training loss; `()` if not
        kept.
      best_loss: `[members]` that loss.
      epoch_loss: `[members]` mean loss of the epoch so far.
    """

    step: Leaf
    params: Leaf
    opt_state: Leaf
    average: Leaf
    best: Leaf
    best_loss: Leaf
    epoch_loss: Leaf


OptimizerFactory = Callable[
    [Float[Array, ""], Float[Array, ""]], optax.GradientTransformation
]
"""(learning rate, weight decay), both traced, to an optimiser."""


@dataclasses.dataclass(frozen=True)
class Program:
    """A compiled-once training program for one architecture and one table shape.

    Attributes:
      module: the model.
      objective: its scalar training loss.
      optimizer: made inside the step from the member's hyper-parameters.
      mesh: the device mesh.
      steps_per_epoch: for the mean loss of an epoch.
      dropout: whether any member draws dropout (False compiles it away).
      keep_best: keep the parameters of the epoch with the lowest training loss.
      average_decay: decay of the moving average of the parameters; 0 keeps none.
      patches: the inputs of the model beside the table's predictors.
    """

    module: nn.Module
    objective: Objective
    optimizer: OptimizerFactory
    mesh: Mesh
    steps_per_epoch: int
    dropout: bool = False
    keep_best: bool = False
    average_decay: float = 0.0
    patches: tuple[PatchInput, ...] = ()

    def init(self, hyper: Hyper, features: int) -> TrainState:
        """A state at step 0, already sharded. Member `m` follows from its seed."""
        make = jax.jit(
            lambda hyper: self._init(hyper, features),
            out_shardings=self.shardings(len(hyper.seed), features),
        )
        return make(hyper)

    def shapes(self, members: int, features: int) -> TrainState:
        """The state as `jax.ShapeDtypeStruct`s with shardings: what to restore into."""
        shapes = self._shapes(members, features)
        return jax.tree.map(
            lambda shape, sharding: jax.ShapeDtypeStruct(
                shape.shape, shape.dtype, sharding=sharding
            ),
            shapes,
            self.shardings(members, features),
        )

    def shardings(self, members: int, features: int) -> TrainState:
        """The sharding of every leaf of the state."""
        shapes = self._shapes(members, features)
        specs = models.partition_specs(shapes.params, species_axis=SPECIES)
        whole = PartitionSpec()
        state = TrainState(
            step=whole,
            params=specs,
            opt_state=optax.tree.map_params(
                self.optimizer(jnp.float32(0), jnp.float32(0)),
                lambda _, spec: spec,
                shapes.opt_state,
                specs,
                transform_non_params=lambda _: whole,
            ),
            average=specs if self.average_decay else (),
            best=specs if self.keep_best else (),
            best_loss=whole,
            epoch_loss=whole,
        )
        return jax.tree.map(
            lambda spec: NamedSharding(self.mesh, spec),
            state,
            is_leaf=lambda leaf: isinstance(leaf, PartitionSpec),
        )

    def compile(self, members: int, features: int) -> Any:
        """The jitted `run(state, table, hyper, rows, ends, count)`.

        `rows [members, capacity, batch]` and `ends [capacity]` hold up to `capacity`
        steps, of which the first `count` are run; the state is donated. Gives the new
        state and the losses `[capacity, members]`.
        """
        rows = NamedSharding(self.mesh, PartitionSpec(None, None, DATA))
        return self._jit(self._run, members, features, (rows, *self._whole(2)))

    def compile_with_patches(self, members: int, features: int) -> Any:
        """The jitted `step(state, table, hyper, batches, end, rasters)`: one step.

        `batches` are those of the pipelines of the members, with the rows of the table
        as `id`; `rasters` those on the devices, by the name of the input; the state is
        donated. Gives the new state and the losses `[members]`.
        """
        batch = NamedSharding(self.mesh, PartitionSpec(DATA))
        rest = (batch, *self._whole(2))
        return self._jit(self._step_with_patches, members, features, rest)

    def _jit(self, function, members: int, features: int, rest: tuple[Any, ...]) -> Any:
        """`function(state, table, hyper, *rest)` with shardings; the state is donated.

        It gives the new state and what is whole on every device.
        """
        state = self.shardings(members, features)
        (whole,) = self._whole(1)
        table = Table(
            features=whole,
            counts=NamedSharding(self.mesh, PartitionSpec(None, SPECIES)),
            background=whole,
        )
        hyper = Hyper(*self._whole(len(Hyper._fields)))
        return jax.jit(
            function,
            in_shardings=(state, table, hyper, *rest),
            out_shardings=(state, whole),
            donate_argnums=0,
        )

    def _whole(self, number: int) -> list[NamedSharding]:
        return [NamedSharding(self.mesh, PartitionSpec())] * number

    def _shapes(self, members: int, features: int) -> TrainState:
        values = jax.ShapeDtypeStruct((members,), jnp.float32)
        hyper = Hyper(
            jax.ShapeDtypeStruct((members,), jnp.uint32),
            *[values] * (len(Hyper._fields) - 1),
        )
        return jax.eval_shape(lambda hyper: self._init(hyper, features), hyper)

    def _init(self, hyper: Hyper, features: int) -> TrainState:
        keys = jax.vmap(jax.random.key)(hyper.seed)
        example = {"predictors": jnp.zeros((1, features), jnp.float32)}
        for one in self.patches:
            example |= one.example()
        params = models.init_members(self.module, keys, example)["params"]

        def optimizer_state(params, learning_rate, weight_decay):
            return self.optimizer(learning_rate, weight_decay).init(params)

        opt_state = jax.vmap(optimizer_state)(
            params, hyper.learning_rate, hyper.weight_decay
        )
        members = len(hyper.seed)
        return TrainState(
            step=jnp.int32(0),
            params=params,
            opt_state=opt_state,
            average=params if self.average_decay else (),
            best=params if self.keep_best else (),
            best_loss=jnp.full(members, jnp.inf),
            epoch_loss=jnp.zeros(members),
        )

    def _run(self, state, table, hyper, rows, ends, count):
        losses = jnp.zeros((ends.shape[0], len(hyper.seed)))

        def body(index, carry):
            state, losses = carry
            state, loss = self._step(state, table, hyper, rows[:, index], ends[index])
            return state, losses.at[index].set(loss)

        return jax.lax.fori_loop(0, count, body, (state, losses))

    def _step_with_patches(self, state, table, hyper, batches, end, rasters):
        rows = jnp.stack([batch["id"] for batch in batches])
        inputs = [
            model_inputs(self.patches, batch["inputs"], rasters) for batch in batches
        ]
        return self._step(state, table, hyper, rows, end, inputs)

    def _step(
        self,
        state: TrainState,
        table: Table,
        hyper: Hyper,
        rows: Int[Array, "members batch"],
        end: Bool[Array, ""],
        inputs: Sequence[Mapping[str, Array]] = (),
    ) -> tuple[TrainState, Float[Array, " members"]]:
        """One step; `inputs` are those of each member beside the table's predictors."""
        batch = gather(table, hyper.background_mass, rows, self.mesh)
        member = functools.partial(self._member_step, state.step)
        arguments = (state.params, state.opt_state, *batch, hyper)
        if inputs:
            params, opt_state, loss = models.unroll_members(member, arguments, inputs)
        elif len(hyper.seed) > 1:
            params, opt_state, loss = jax.vmap(member)(*arguments)
        else:
            params, opt_state, loss = models.unroll_members(member, arguments, [{}])
        average = state.average
        if self.average_decay:
            # Early averages are of few steps: the decay grows to its value.
            decay = jnp.minimum(
                self.average_decay, (1.0 + state.step) / (10.0 + state.step)
            )
            average = jax.tree.map(
                lambda old, new: decay * old + (1 - decay) * new, average, params
            )
        epoch_loss = state.epoch_loss + loss / self.steps_per_epoch
        best, best_loss = state.best, state.best_loss
        if self.keep_best:
            better = end & (epoch_loss < best_loss)
            best = jax.lax.cond(
                end, lambda: _where_member(better, params, best), lambda: best
            )
            best_loss = jnp.where(better, epoch_loss, best_loss)
        state = TrainState(
            step=state.step + 1,
            params=params,
            opt_state=opt_state,
            average=average,
            best=best,
            best_loss=best_loss,
            epoch_loss=jnp.where(end, 0.0, epoch_loss),
        )
        return state, loss

    def _member_step(
        self, step, params, opt_state, features, targets, hyper: Hyper, inputs=None
    ):
        key = jax.random.fold_in(jax.random.key(hyper.seed), step)
        network_key, objective_key = jax.random.split(key)

        def loss_of(params):
            options: dict[str, Any] = {}
            if self.dropout:
                options = {
                    "train": True,
                    "dropout": hyper.dropout,
                    "rngs": {"dropout": network_key},
                }
            every = {"predictors": features} | (inputs or {})
            outputs: Any = self.module.apply({"params": params}, every, **options)
            return self.objective(outputs, targets, objective_key)

        (loss, _), gradient = jax.value_and_grad(loss_of, has_aux=True)(params)
        optimizer = self.optimizer(hyper.learning_rate, hyper.weight_decay)
        updates, opt_state = optimizer.update(gradient, opt_state, params)
        return optax.apply_updates(params, updates), opt_state, loss


def make_hyper(
    seeds: Sequence[int],
    *,
    learning_rate: float | Sequence[float],
    weight_decay: float | Sequence[float] = 0.0,
    dropout: float | Sequence[float] = 0.0,
    background_mass: float | Sequence[float] = 0.0,
) -> Hyper:
    """Hyper-parameters of the members; a single number serves them all.

    Raises:
      ValueError: lists of another length than that of the seeds.
    """

    def spread(name, value):
        values = np.asarray(value, np.float32)
        if values.ndim and values.shape != (len(seeds),):
            raise ValueError(
                f"make_hyper: {len(seeds)} seeds but {len(values)} values of {name}."
            )
        return np.broadcast_to(values, len(seeds)).copy()

    return Hyper(
        seed=np.asarray(seeds, np.uint32),
        learning_rate=spread("learning_rate", learning_rate),
        weight_decay=spread("weight_decay", weight_decay),
        dropout=spread("dropout", dropout),
        background_mass=spread("background_mass", background_mass),
    )


def _where_member(condition: Bool[Array, " members"], new: Any, old: Any) -> Any:
    def select(a, b):
        return jnp.where(condition.reshape(-1, *[1] * (a.ndim - 1)), a, b)

    return jax.tree.map(select, new, old)
