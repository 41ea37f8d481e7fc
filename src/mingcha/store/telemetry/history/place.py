"""Where the history lies: a folder, or ``s3://bucket/prefix`` with endpoint and keys from the environment."""

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as pafs

from mingcha.core.errors import BadInput

_S3 = "s3://"
_REGION = "us-east-1"  # what object stores other than Amazon's expect where nothing is said


@dataclass(frozen=True, slots=True)
class Place:
    """A root and the file system it is on. ``root``: absolute path, or ``bucket/prefix``."""

    root: str
    fs: pafs.FileSystem
    remote: bool

    @classmethod
    def of(cls, where: str | Path, env: Mapping[str, str] | None = None) -> "Place":
        """The place of a setting.

        Raises:
            BadInput: a form that is none of ours.
        """
        text = str(where)
        if text.startswith(_S3):
            bucket = text.removeprefix(_S3).strip("/")
            if not bucket:
                raise BadInput({"": f"history {text!r}: expected s3://bucket or s3://bucket/prefix"})
            return cls(bucket, _s3(os.environ if env is None else env), True)
        if "://" in text:
            scheme = text.partition("://")[0]
            raise BadInput({"": f"history on {scheme}://…: expected a folder, or s3://bucket/prefix"})
        return cls(str(Path(text).absolute()), pafs.LocalFileSystem(), False)

    def below(self, *parts: str) -> str:
        """A path for the file system."""
        return "/".join((self.root, *parts))

    def uri(self, *parts: str) -> str:
        """The same as an address for Delta and DuckDB."""
        return f"{_S3 if self.remote else ''}{self.below(*parts)}"

    def storage_options(self) -> dict[str, str]:
        """What ``deltalake`` (and Sail) need to get there."""
        return _options(os.environ) if self.remote else {}

    def open(self, path: str) -> pa.NativeFile:
        """A file to read.

        Raises:
            FileNotFoundError: it is not there.
        """
        return self.fs.open_input_file(path)

    def create(self, path: str) -> pa.NativeFile:
        if not self.remote:
            Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.fs.open_output_stream(path)

    def settle(self, path: str) -> int:
        """Make a written file durable; give its size. An object store has it when it was closed."""
        if self.remote:
            return int(self.fs.get_file_info(path).size)
        for name in (path, str(Path(path).parent)):
            handle = os.open(name, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        return Path(path).stat().st_size

    def folders(self) -> list[str]:
        """Names of the folders right below the root."""
        found = self.fs.get_file_info(pafs.FileSelector(self.root, allow_not_found=True))
        return [info.base_name for info in found if info.type == pafs.FileType.Directory]

    def newest(self, folder: str) -> datetime | None:
        """When something below a folder was written last."""
        selector = pafs.FileSelector(self.below(folder), allow_not_found=True, recursive=True)
        times = [info.mtime for info in self.fs.get_file_info(selector) if info.type == pafs.FileType.File]
        return max((time for time in times if time is not None), default=None)

    def delete(self, folder: str) -> None:
        self.fs.delete_dir(self.below(folder))


def unique() -> str:
    """A name that no other file ever has: what was written under it never changes."""
    return f"{uuid.uuid4().hex}.parquet"


def _options(env: Mapping[str, str]) -> dict[str, str]:
    region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or _REGION
    found = {"AWS_REGION": region, "aws_conditional_put": "etag"}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        if env.get(name):
            found[name] = env[name]
    if found.get("AWS_ENDPOINT_URL", "").startswith("http://"):
        found["AWS_ALLOW_HTTP"] = "true"
    return found


def _s3(env: Mapping[str, str]) -> pafs.FileSystem:
    options = _options(env)
    return pafs.S3FileSystem(
        access_key=options.get("AWS_ACCESS_KEY_ID"),
        secret_key=options.get("AWS_SECRET_ACCESS_KEY"),
        session_token=options.get("AWS_SESSION_TOKEN"),
        endpoint_override=options.get("AWS_ENDPOINT_URL"),
        region=options["AWS_REGION"],
    )
