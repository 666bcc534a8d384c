"""`python -m isp_liaison api|consume|relay|work|all|migrate`."""

from isp_liaison.service import service
from kit.process import main

if __name__ == "__main__":
    main(service)
