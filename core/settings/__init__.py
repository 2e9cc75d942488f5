"""What a user configures: TOML, over it the environment (`MILEPOST_…`), over both secret files."""

from core.settings.load import load_config, missing_secrets
from core.settings.model import (
    Config,
    SandboxSettings,
    ScheduleSettings,
    Settings,
    SettingsProblems,
    StoreSettings,
    TrackerConfig,
)

__all__ = [
    "Config",
    "SandboxSettings",
    "ScheduleSettings",
    "Settings",
    "SettingsProblems",
    "StoreSettings",
    "TrackerConfig",
    "load_config",
    "missing_secrets",
]
