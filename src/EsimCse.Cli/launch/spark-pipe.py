# Embeds the lines of texts on a Spark cluster that has esimcse and the model on every node:
#
#   spark-submit spark-pipe.py MODEL TEXTS OUTPUT
#
# Spark starts one process for each partition; each line gives a JSON array, in order. A process that fails fails its
# task, which Spark tries again.
import shlex
import sys

from pyspark import SparkContext

model, texts, output = sys.argv[1:]
spark = SparkContext(appName="embed")
command = shlex.join(["esimcse", "embed", model, "-"])
spark.textFile(texts).pipe(command, checkCode=True).saveAsTextFile(output)
