"""`python -m routing api|consume|relay|work|all|migrate`."""

from kit.process import main
from routing.service import service

if __name__ == "__main__":
    main(service)
