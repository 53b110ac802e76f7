#!/bin/bash
# SPDX-License-Identifier: MIT
# Spelling, by codespell's list of common mistakes.
. "${0%/*}/lib.sh"

command -v codespell >/dev/null || skip "codespell is not installed"
words=hart,harts,fpr,numer,nd,ans,ths,ist,te,inout,mis,pres,currenty,parm,parms,fo,ba,siz,hellow,negativ
files | grep -vE '\.(gguf|bin|png|json|txt)$' | xargs -d '\n' codespell -q 3 -L "$words"
