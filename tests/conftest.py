"""What every test may ask for. The fixtures themselves are in tests/support/."""

import hypothesis

pytest_plugins = ["tests.support.fixtures", "tests.support.floors"]

# on a busy machine a slow example is no fault; a failing one is printed so that it can be replayed
hypothesis.settings.register_profile("saidduan", deadline=None, print_blob=True)
hypothesis.settings.load_profile("saidduan")
