/// What people ask a trainer over HTTP.
@NullMarked
package dev.millrace.trainer.api;

import org.jspecify.annotations.NullMarked;
