# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of kmxpreset for bash.

# Prints the presets of a map, and their aliases.
_kmxpreset_presets() {
	kmxpreset check "$1" 2>/dev/null | awk '
		NF == 0 { exit }
		NR > 1 && /^[^ ]/ { print $1 }
		$1 == "aliases:" { gsub(/,/, ""); for (i = 2; i <= NF; i++) print $i }'
}

_kmxpreset() {
	local cur prev words cword
	_init_completion || return

	local commands='check diff lint show list verify add del use reset adopt freeze import'
	local map=/etc/knot/mx-presets.zone socket=() command='' first i
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		-s) socket=(-s "${words[++i]}") ;;
		-p) map=${words[++i]} ;;
		-t | -o | -b) ((++i)) ;;
		-*) ;;
		*)
			command=${words[i]}
			first=$((i + 1))
			break
			;;
		esac
	done

	if [[ -z $command ]]; then
		case $prev in
		-s | -p) _filedir ;;
		-b) mapfile -t COMPREPLY < <(compgen -W "$(_kmxpreset_presets "$map")" -- "$cur") ;;
		-t | -o) ;;
		*) mapfile -t COMPREPLY < <(compgen -W "-s -t -a -n -j -o -p -b -h -V $commands" -- "$cur") ;;
		esac
		return
	fi

	case $command:$((cword - first)) in
	check:0 | diff:[01] | lint:0) _filedir ;;
	import:*) _filedir json ;;
	list:0) mapfile -t COMPREPLY < <(compgen -W 'override marker preset built-in none' -- "$cur") ;;
	show:0 | verify:0 | add:0 | del:0 | use:0 | reset:0 | adopt:0 | freeze:0)
		if [[ $cur == -* && $command == @(verify|adopt|freeze) ]]; then
			COMPREPLY=(-a)
			return
		fi
		local zones
		zones=$(knotc "${socket[@]}" conf-read zone.domain 2>/dev/null | sed 's/.* = //; s/\.$//')
		mapfile -t COMPREPLY < <(compgen -W "$zones" -- "$cur")
		;;
	add:1 | del:1) mapfile -t COMPREPLY < <(compgen -W '@' -- "$cur") ;;
	use:1) mapfile -t COMPREPLY < <(compgen -W "none $(_kmxpreset_presets "$map")" -- "$cur") ;;
	esac
} && complete -F _kmxpreset kmxpreset
