"""Settings: read from the environment, unknown ones refused, secrets never shown."""

from __future__ import annotations

import pytest

from server.settings import SettingsError, known_variables, load_settings


def test_defaults_are_an_embedded_database_on_loopback() -> None:
    settings = load_settings({})
    assert settings.database_url.startswith("sqlite:///")
    assert settings.service.host == "127.0.0.1"
    assert settings.central.url is None
    assert settings.forms.show_proposal is False


def test_whether_the_phone_shows_its_proposal_is_a_setting() -> None:
    assert load_settings({"RASOAT_FORMS_SHOW_PROPOSAL": "yes"}).forms.show_proposal is True


def test_the_environment_is_read_and_secrets_are_not_shown() -> None:
    settings = load_settings(
        {
            "RASOAT_DATABASE_URL": "postgresql+psycopg://u:hidden-one@db/rasoat",
            "RASOAT_CENTRAL_PASSWORD": "hidden-two",
            "RASOAT_CENTRAL_PROJECT_ID": "7",
            "PATH": "/bin",
        }
    )
    assert settings.central.project_id == 7
    assert settings.database_url == "postgresql+psycopg://u:hidden-one@db/rasoat"
    assert "hidden" not in repr(settings)


def test_only_the_environment_given_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RASOAT_CENTRAL_PROJECT_ID", "9")
    assert load_settings({}).central.project_id is None
    assert load_settings().central.project_id == 9


def test_overrides_win() -> None:
    assert load_settings({"RASOAT_SERVICE_PORT": "8001"}, service={"port": 8002}).service.port == 8002


def test_a_misspelt_variable_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="RASOAT_CENTAL_URL") as caught:
        load_settings({"RASOAT_CENTAL_URL": "https://secret.example"})
    assert "RASOAT_CENTRAL_URL" in str(caught.value)
    assert "secret.example" not in str(caught.value)


def test_a_variable_of_the_tests_is_not_ours() -> None:
    load_settings({"RASOAT_TEST_POSTGRES_URL": "postgresql://x"})


@pytest.mark.parametrize(
    ("name", "value"), [("RASOAT_CENTRAL_PROJECT_ID", "pass-word"), ("RASOAT_SERVICE_PORT", "70000")]
)
def test_a_value_that_does_not_fit_is_named_without_the_value(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings({name: value})
    assert value not in str(caught.value)


def test_every_variable_has_the_prefix_of_its_concern() -> None:
    names = known_variables()
    assert len(names) == len(set(names))
    assert {"RASOAT_DATA_DIR", "RASOAT_DATABASE_URL", "RASOAT_CENTRAL_URL", "RASOAT_MASTER_KEY_FILE"} <= set(names)
