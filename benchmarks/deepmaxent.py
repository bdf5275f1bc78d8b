"""Speed, memory and scaling of the training, beside its peers in one run.

    python benchmarks/deepmaxent.py --peer    --data FOLDER   against PyTorch
    python benchmarks/deepmaxent.py --maxent  --data FOLDER   against elapid
    python benchmarks/deepmaxent.py --scaling                 1, 2, 4, 8 devices

`--data` is the folder of the NCEAS tables (default: JAXSDM_DATA). PyTorch and elapid
are the extra `peers`. Times are of the machine it runs on, which should do nothing else
meanwhile; `--output FILE` writes all numbers as JSON.
"""

import argparse
import os

import reporting


def main() -> None:
    """Runs the parts that were asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", action="store_true", help="against PyTorch")
    parser.add_argument("--scaling", action="store_true", help="simulated devices")
    parser.add_argument("--maxent", action="store_true", help="against elapid")
    parser.add_argument("--data", help="folder of the NCEAS tables")
    parser.add_argument("--rounds", type=int, default=7, help="alternating rounds")
    parser.add_argument("--epochs", type=int, default=5, help="epochs of a round")
    parser.add_argument(
        "--steps-only", action="store_true", help="of --peer: no whole trainings"
    )
    parser.add_argument("--cores", type=int, default=2, help="for each contender")
    parser.add_argument("--region", default="AWT", help="of --maxent: elapid's region")
    parser.add_argument("--output", help="JSON file of all numbers")
    options = parser.parse_args()
    if not (options.peer or options.scaling or options.maxent):
        parser.error("choose at least one of --peer, --scaling, --maxent.")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)  # compile times are cold

    results = {}
    if options.peer:
        import peer

        results["peer"] = peer.run(
            options.data,
            rounds=options.rounds,
            epochs=options.epochs,
            whole=not options.steps_only,
            cores=options.cores,
        )
    if options.scaling:
        import scaling

        results["scaling"] = scaling.run()
    if options.maxent:
        import classic_maxent

        results["maxent"] = classic_maxent.run(
            options.data, region=options.region, cores=options.cores
        )
    reporting.write_json(options.output, results)


if __name__ == "__main__":
    main()
