import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelling.config.settings")
application = get_wsgi_application()
# Now, in the process that the others are forked from: else an error in a view is found by the first
# person who asks for something, and each worker loads all of them once more.
get_resolver().url_patterns  # noqa: B018
