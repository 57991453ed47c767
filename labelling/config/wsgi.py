import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelling.config.settings")
application = get_wsgi_application()
# Now, in the process that the others are forked from: else an error in a view is found by the first
# person who asks for something, and each worker loads all of them once more.
import_module(settings.ROOT_URLCONF)
