/// Model weights in the Hugging Face layout: safetensors in, safetensors out.
@NullMarked
package dev.millrace.trainer.weights;

import org.jspecify.annotations.NullMarked;
