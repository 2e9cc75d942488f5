"""The layers of a configuration, read by pydantic-settings."""

from contextvars import ContextVar
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.exceptions import SettingsError

from core.settings.config import DELIMITER, PREFIX, Settings, SettingsProblems
from core.settings.layers import SECRETS_DIR, Layers, invalid_json
from mappings.problems import Problem


class _Layered(BaseSettings, Settings):
    """The settings, read from the layers in `_READING`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Secret files before the environment before the TOML file."""
        del init_settings, dotenv_settings
        layers = _READING.get()
        result: list[PydanticBaseSettingsSource] = [
            env_settings,
            InitSettingsSource(settings_cls, dict(layers.tables)),
        ]
        if layers.secrets is not None:
            files = NestedSecretsSettingsSource(
                file_secret_settings,
                secrets_dir=layers.secrets,
                secrets_prefix=PREFIX,
                secrets_nested_delimiter=DELIMITER,
            )
            result.insert(0, files)
        return tuple(_Without(settings_cls, source, layers.left_out) for source in result)


class _Without(PydanticBaseSettingsSource):
    """Another source without some of its tables."""

    def __init__(
        self, settings_cls: type[BaseSettings], source: PydanticBaseSettingsSource, left_out: frozenset[str]
    ) -> None:
        super().__init__(settings_cls)
        self._source = source
        self._left_out = left_out

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """As the other source has it."""
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        """What the other source has of the tables that are read."""
        return {name: value for name, value in self._source().items() if name not in self._left_out}


_READING: ContextVar[Layers] = ContextVar("reading")


def read_settings(layers: Layers) -> Settings:
    """Read the layers. Raises ValidationError for wrong values, SettingsProblems for unreadable layers."""
    token = _READING.set(layers)
    try:
        return _Layered()
    except SettingsError as error:
        raise SettingsProblems((invalid_json(error, layers),)) from None
    except (OSError, UnicodeDecodeError) as error:
        message = f"a secret file cannot be read: {error}"
        problem = Problem(SECRETS_DIR, None, "", message, "Secret files are UTF-8 text")
        raise SettingsProblems((problem,)) from None
    finally:
        _READING.reset(token)
