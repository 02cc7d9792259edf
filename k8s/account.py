"""Give somebody an account on the MLflow server, or a new password: no administrator, owner of what they record.

ADMIN_PASSWORD=… ACCOUNT_USERNAME=… ACCOUNT_PASSWORD=… python -m k8s.account http://mlflow:5000

Passwords come from the environment, as arguments can be read by others.
"""

import os
import sys

import requests

_SECONDS_ALLOWED = 30
_ADMINISTRATOR = "admin"


def give_account(address: str, administrator: tuple[str, str], username: str, password: str) -> None:
    """Make the account, or set its password where there is one.

    Raises requests.HTTPError with the server's answer where it refuses.
    """
    account = {"username": username, "password": password}
    users = f"{address.rstrip('/')}/api/2.0/mlflow/users"
    answer = requests.post(f"{users}/create", json=account, auth=administrator, timeout=_SECONDS_ALLOWED)
    if answer.status_code == requests.codes.bad_request and "RESOURCE_ALREADY_EXISTS" in answer.text:
        answer = requests.patch(f"{users}/update-password", json=account, auth=administrator, timeout=_SECONDS_ALLOWED)
    answer.raise_for_status()


if __name__ == "__main__":
    give_account(
        sys.argv[1],
        (_ADMINISTRATOR, os.environ["ADMIN_PASSWORD"]),
        os.environ["ACCOUNT_USERNAME"],
        os.environ["ACCOUNT_PASSWORD"],
    )
