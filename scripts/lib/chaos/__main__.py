"""Breaks real runs of Minishard and looks at what becomes of them. scripts/chaos calls this."""

import argparse
import signal
import sys

import churn
import costs
import flood
import studies

WHAT = {"studies": studies, "churn": churn, "flood": flood, "costs": costs}


def main():
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--binary", required=True, help=argparse.SUPPRESS)
    what = parser.add_subparsers(dest="what", required=True)
    for name, module in WHAT.items():
        subparser = what.add_parser(name, help=module.__doc__, description=module.__doc__)
        subparser.add_argument("--data", default="synthetic", help="what to train on, as minishard study takes it (default: %(default)s)")
        module.add_arguments(subparser)
    options = parser.parse_args()
    # Asked to end, it ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(0 if WHAT[options.what].run(options) else 1)


if __name__ == "__main__":
    main()
