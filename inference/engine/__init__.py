"""Plain Python: a picture file in, a Prediction out; no Django, no Celery, and TensorFlow only in the compile step."""
