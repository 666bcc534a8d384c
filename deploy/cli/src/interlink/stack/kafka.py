"""Apache Kafka on this machine: one KRaft node on loopback, with users and access rules as in production.

Its jars are fetched once by Maven and shared between homes. It keeps running after this process ends.
"""

import base64
import hashlib
import logging
import os
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

import psutil
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from interlink.stack.environment import Machine, inherited
from interlink.stack.layout import LOCAL, ROOT, StackError, last_lines, only_one

POM = LOCAL / "kafka" / "pom.xml"
PROPERTIES = LOCAL / "kafka" / "server.properties"
ADMIN = "admin"
MECHANISM = "SCRAM-SHA-512"
SECURITY = "SASL_PLAINTEXT"
START_SECONDS = 90
STOP_SECONDS = 30
JAVA_NEEDED = 17
JVM = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",  # on two cores shared with everything else
    "-XX:TieredStopAtLevel=1",  # boots in half the time; one node has no throughput record to break
    "-XX:+ExitOnOutOfMemoryError",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
)

ELSEWHERE = (
    "Or point at an existing Kafka: set INTERLINK_KAFKA to its bootstrap servers, INTERLINK_KAFKA_SECURITY, "
    "INTERLINK_KAFKA_CA, INTERLINK_KAFKA_ADMIN_USER and INTERLINK_KAFKA_ADMIN_PASSWORD."
)
_silent = logging.getLogger("kafka.probe")
_silent.disabled = True  # refused connections while it boots are expected


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaPorts:
    """The two listeners: clients, and the controller (which only the node itself uses)."""

    client: int
    controller: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSecrets:
    """Passwords the broker itself needs; those of services are created at run time (`stack.topics`)."""

    admin: str
    controller: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kafka:
    """A running broker."""

    folder: Path
    ports: KafkaPorts
    secrets: KafkaSecrets

    @classmethod
    def start(cls, folder: Path, ports: KafkaPorts, secrets: KafkaSecrets, jars: Path | None = None) -> "Kafka":
        """Start the broker of `folder`, formatting it when it is new; a running one is reused as it is.

        `jars` overrides the shared jar folder. Raises `StackError` when Java or Maven is missing or it does
        not come up.
        """
        broker = cls(folder=folder.resolve(), ports=ports, secrets=secrets)
        with only_one(broker.folder.with_name(broker.folder.name + ".lock")):
            if broker.pid is None:
                broker.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                broker._launch(jars or fetched_jars())
            broker._wait_until_it_answers()
        return broker

    @property
    def bootstrap(self) -> str:
        """Address for clients."""
        return f"127.0.0.1:{self.ports.client}"

    @property
    def pid(self) -> int | None:
        """Process id of the broker, `None` when it is down."""
        process = _running(self.folder)
        return process.pid if process is not None else None

    def client_settings(self, user: str = ADMIN, password: str | None = None) -> dict[str, str]:
        """Settings of a librdkafka client that is `user`; without a password, of the administrator."""
        return sasl_settings(self.bootstrap, user, password if password is not None else self.secrets.admin)

    def stop(self) -> None:
        """Stop it and wait until it is gone; already down is fine."""
        stop(self.folder)

    def kill(self) -> None:
        """End it as a crash would (SIGKILL): nothing is flushed or handed over."""
        process = _running(self.folder)
        if process is not None:
            process.kill()
            process.wait(STOP_SECONDS)

    def _launch(self, jars: Path) -> None:
        java = java_command()
        classpath = f"{jars}/*"
        properties = self._write_properties()
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(java, classpath, properties)
        options = [*JVM, "-cp", classpath, "kafka.Kafka", str(properties)]
        # Started through a shell that ends at once, so that it is nobody's child: it must survive this process.
        launcher = ["/bin/sh", "-c", 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!', "sh"]
        launched = subprocess.run(
            [*launcher, str(self.folder / "log"), java, *options],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env=inherited(),
            cwd=self.folder,
            start_new_session=True,  # Ctrl-C at the terminal must not reach it before the services
        )
        pid = int(launched.stdout)
        (self.folder / "pid").write_text(f"{pid} {psutil.Process(pid).create_time()}")

    def _write_properties(self) -> Path:
        text = Template(PROPERTIES.read_text()).substitute(
            client_port=self.ports.client,
            controller_port=self.ports.controller,
            log_dirs=self.folder / "data",
            admin_password=self.secrets.admin,
            controller_password=self.secrets.controller,
        )
        return _private(self.folder / "server.properties", text)

    def _format(self, java: str, classpath: str, properties: Path) -> None:
        shutil.rmtree(self.folder / "data", ignore_errors=True)  # what a broken first try left
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        credential = f"{MECHANISM}=[name={ADMIN},password={self.secrets.admin}]"
        # By file, so that the password is in no process list.
        # In one word with its option, because an id may begin with a dash.
        words = ["format", f"--cluster-id={cluster}", "-c", str(properties), "--add-scram", credential]
        arguments = _private(self.folder / "format.args", "\n".join(words) + "\n")
        tool = [java, "-Xmx128m", "-cp", classpath, "kafka.tools.StorageTool", f"@{arguments}"]
        result = subprocess.run(tool, capture_output=True, text=True, check=False)
        arguments.unlink()
        if result.returncode:
            raise StackError(f"Kafka could not format its storage: {result.stderr.strip()[-2000:]}")

    def _wait_until_it_answers(self) -> None:
        probe = admin_client(self.client_settings())
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.pid is None:
                raise StackError(
                    f"Kafka ended while starting. The end of {self.folder / 'log'}:\n{last_lines(self.folder / 'log')}"
                )
            try:
                if probe.list_topics(timeout=1).brokers:
                    return
            except KafkaException:
                time.sleep(0.05)
        raise StackError(
            f"Kafka did not answer on {self.bootstrap} in {START_SECONDS} s:\n{last_lines(self.folder / 'log')}"
        )


def stop(folder: Path) -> None:
    """Stop the broker of `folder`, if any, and wait until it is gone."""
    process = _running(folder.resolve())
    if process is None:
        return
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)


def wipe(folder: Path) -> None:
    """Stop the broker of `folder` and delete its data."""
    stop(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_name(folder.name + ".lock").unlink(missing_ok=True)


def admin_client(settings: Mapping[str, str]) -> AdminClient:
    """A client that creates topics, users and rights; errors come back from its calls, not on the terminal."""
    quick = {"reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 500, "log_level": 0}
    return AdminClient({**settings, **quick}, logger=_silent)


def sasl_settings(bootstrap: str, user: str, password: str) -> dict[str, str]:
    """Settings of a librdkafka client on the embedded broker."""
    return {
        "bootstrap.servers": bootstrap,
        "security.protocol": SECURITY,
        "sasl.mechanism": MECHANISM,
        "sasl.username": user,
        "sasl.password": password,
    }


def java_command() -> str:
    """The `java` to run. Raises `StackError` when there is none or it is older than 17."""
    home = Machine().java_home
    java = str(home / "bin" / "java") if home is not None else shutil.which("java")
    if java is None or not Path(java).exists():
        raise StackError(
            f"The embedded Kafka needs Java {JAVA_NEEDED} or newer, and there is none. Install a JDK "
            f"(Debian, Ubuntu: apt install openjdk-{JAVA_NEEDED}-jdk-headless; macOS: brew install openjdk) "
            f"or set JAVA_HOME. {ELSEWHERE}"
        )
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if version is None or int(version.group(1)) < JAVA_NEEDED:
        raise StackError(
            f"The embedded Kafka needs Java {JAVA_NEEDED} or newer; {java} is: {said.strip()[:80]} "
            f"Install a newer JDK and set JAVA_HOME. {ELSEWHERE}"
        )
    return java


def fetched_jars(cache: Path = ROOT / ".local" / "kafka-jars") -> Path:
    """Folder of the pinned jars, downloaded at the first call (about 7 s); a folder per version of the pom."""
    folder = cache.resolve() / hashlib.sha256(POM.read_bytes()).hexdigest()[:16]
    with only_one(folder.with_name(folder.name + ".lock")):
        if not folder.exists():
            _download(folder)
    return folder


def _download(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise StackError(
            "The embedded Kafka is fetched by Maven, and there is none. Install it (Debian, Ubuntu: "
            f"apt install maven; macOS: brew install maven). {ELSEWHERE}"
        )
    java_command()
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    work = partial / "target"
    command = [maven, "--batch-mode", "--quiet", "-f", str(POM), f"-DbuildDirectory={work}"]
    result = subprocess.run(
        [*command, "dependency:copy-dependencies", f"-DoutputDirectory={partial}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        shutil.rmtree(partial, ignore_errors=True)
        raise StackError(
            f"Maven could not fetch the jars of the embedded Kafka:\n{result.stdout.strip()[-2000:]}\n"
            f"Is Maven Central (or a mirror of it in ~/.m2/settings.xml) reachable? {ELSEWHERE}"
        )
    partial.rename(folder)


def _running(folder: Path) -> psutil.Process | None:
    try:
        pid, started = (folder / "pid").read_text().split()
        process = psutil.Process(int(pid))
        alive = process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - float(started)) < 1
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return None
    return process if alive else None


def _private(file: Path, text: str) -> Path:
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(text)
    return file
