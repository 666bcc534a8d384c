"""`python -m sandbox issuer`, `… providers`, `… receivers`, `… morning`: each loads only what it needs."""

import sys
from importlib import import_module

COMMANDS = {
    "issuer": "sandbox.issuer.command",
    "morning": "sandbox.generator.command",
    "providers": "sandbox.providers.command",
    "receivers": "sandbox.receivers.command",
}


def main() -> None:
    """Run the command that the first argument names; 64 (EX_USAGE) where it names none."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in COMMANDS:
        sys.stderr.write(f"usage: python -m sandbox {{{','.join(COMMANDS)}}}\n")
        raise SystemExit(64)
    sys.argv[:2] = [f"sandbox {name}"]
    import_module(COMMANDS[name]).run()


if __name__ == "__main__":
    main()
