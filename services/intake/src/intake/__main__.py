"""`python -m intake api|consume|relay|work|all|migrate`."""

from intake.service import service
from kit.process import main

if __name__ == "__main__":
    main(service)
