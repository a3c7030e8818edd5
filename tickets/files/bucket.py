"""A bucket of a service that speaks S3, as a store of files (`tickets.files.store`)."""

import io
from collections.abc import Iterator
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from tickets.files.store import FOLDER, Away, Found, is_name

#: Seconds that a service has to answer: a page waits for it.
CONNECT, READ = 2.0, 15.0


class S3:
    """One bucket."""

    def __init__(self, client: Minio, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, name: str, data: bytes) -> None:
        with _away():
            self._client.put_object(self._bucket, _key(name), io.BytesIO(data), len(data))

    def get(self, name: str) -> bytes | None:
        with _away():
            try:
                answer = self._client.get_object(self._bucket, _key(name))
            except S3Error as error:
                _raise_unless_missing(error)
                return None
            try:
                return bytes(answer.read())
            finally:
                answer.close()
                answer.release_conn()

    def has(self, name: str) -> bool:
        with _away():
            try:
                self._client.stat_object(self._bucket, _key(name))
            except S3Error as error:
                _raise_unless_missing(error)
                return False
        return True

    def remove(self, name: str) -> None:
        with _away():
            self._client.remove_object(self._bucket, _key(name))

    def all(self) -> Iterator[Found]:
        with _away():
            for each in self._client.list_objects(
                self._bucket, prefix=f"{FOLDER}/", recursive=True
            ):
                name = (each.object_name or "").rpartition("/")[2]
                if is_name(name) and each.last_modified is not None:
                    yield Found(name, each.size or 0, each.last_modified)


def _key(name: str) -> str:
    return f"{FOLDER}/{name[:2]}/{name[2:4]}/{name}"


def _raise_unless_missing(error: S3Error) -> None:
    """That there is no such object is an answer; everything else is a fault."""
    if error.code not in ("NoSuchKey", "NoSuchObject"):
        raise error


class _away:  # noqa: N801 - reads as a word
    """Whatever goes wrong with the service is `Away`."""

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, (MinioException, urllib3.exceptions.HTTPError, OSError)):
            raise Away(f"{type(error).__name__}: {error}") from error


def client(url: str, region: str, access_key: str, secret_key: str) -> Minio:
    """What speaks to the service at that address."""
    place = urlsplit(url)
    return Minio(
        place.netloc,
        access_key=access_key,
        secret_key=secret_key,
        secure=place.scheme == "https",
        # named: else the client asks the service for it first
        region=region,
        http_client=urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT, read=READ), retries=False, maxsize=16
        ),
    )
