"""`python -m notifications api|consume|relay|work|all|migrate`."""

from kit.process import main
from notifications.service import service

if __name__ == "__main__":
    main(service)
