"""What every test may ask for. The fixtures themselves are in tests/support/."""

pytest_plugins = ["tests.support.fixtures", "tests.support.floors"]
