"""Whether two runs are the same: every file, and every line on the epochs."""

import json
import pathlib

# What names times, processes or places, and not results.
FREE_FIELDS = {"wall_seconds", "workers", "run", "data"}


def without_free_fields(value):
    if isinstance(value, dict):
        return {key: without_free_fields(item) for key, item in value.items() if key not in FREE_FIELDS}
    if isinstance(value, list):
        return [without_free_fields(item) for item in value]
    return value


def content(path):
    if path.suffix == ".json":
        return without_free_fields(json.loads(path.read_text()))
    return path.read_bytes()


def files(directory):
    root = pathlib.Path(directory)
    return {str(path.relative_to(root)): content(path) for path in sorted(root.rglob("*")) if path.is_file()}


def run_lines(output):
    """The lines on the runs, which say what they came to; sorted, for runs side by side may end in any order."""
    return sorted(line for line in output.splitlines() if " | " in line)


class Reference:
    """A run that nothing disturbed."""

    def __init__(self, directory, output):
        self.files = files(directory)
        self.lines = run_lines(output)
        if not any("Weights SHA-256" in line for line in self.lines):
            raise ValueError(f"the undisturbed run in {directory} printed no digest of weights")

    def differences(self, directory, output):
        """What of another run is not the same, as sentences."""
        found = []
        other = files(directory)
        for name in sorted(self.files.keys() | other.keys()):
            if name not in other:
                found.append(f"{name} is missing")
            elif name not in self.files:
                found.append(f"{name} should not be there")
            elif self.files[name] != other[name]:
                found.append(f"{name} differs")
        lines = run_lines(output)
        if lines != self.lines:
            found.append("the lines on the runs differ: " + "; ".join(sorted(set(lines) ^ set(self.lines))[:6]))
        return found
