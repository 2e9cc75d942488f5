"""What a user configures: TOML, over it the environment (`MILEPOST_…`), over both secret files."""

from core.settings.config import (
    Config,
    SandboxSettings,
    ScheduleSettings,
    Settings,
    SettingsProblems,
    StoreSettings,
    TrackerConfig,
)
from core.settings.load_config import load_config, missing_secrets

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
