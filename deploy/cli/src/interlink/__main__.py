"""`python -m interlink` is `interlink`."""

from interlink.main import main

if __name__ == "__main__":
    main()
