package value

import "maps"

import "slices"

import "strings"

// Known says that the members of an object are known: a name that is not among them is a mistake,
// even where the object is open, which only means that the source may grow fields.
func (s *Schema) Known() bool { return s != nil && len(s.Properties) > 0 }

// Member is the schema of a member, or false where it has none.
func (s *Schema) Member(name string) (*Schema, bool) {
	if s == nil {
		return nil, false
	}
	p, ok := s.Properties[name]
	if !ok && s.Prefix != "" && strings.HasPrefix(name, s.Prefix) {
		return &Schema{Open: true}, true
	}
	return &p, ok
}

// At is the schema at a dotted path; a list on the way stands for its items:
// "detail.item_list.quantity_ordered".
func (s *Schema) At(path string) (*Schema, bool) {
	for name := range strings.SplitSeq(path, ".") {
		for s != nil && s.Type == List {
			s = s.Items
		}
		var ok bool
		if s, ok = s.Member(name); !ok {
			return nil, false
		}
	}
	return s, true
}

// AtPath is the schema at a path with the numbers of items, "detail.item_list[0].quantity"; nil and
// true where the place may be there and nobody said what it is.
func (s *Schema) AtPath(p Path) (*Schema, bool) {
	for _, step := range p.steps {
		if step.item {
			if s != nil && s.Type == List {
				s = s.Items
			}
			continue
		}
		for s != nil && s.Type == List {
			s = s.Items
		}
		if !s.Known() && s != nil && (s.Type == Object || s.Type == Absent) {
			return nil, true // nobody said what stands below
		}
		var ok bool
		if s, ok = s.Member(step.name); !ok {
			return nil, false
		}
	}
	return s, true
}

// PathsOf are the dotted paths of the single values in an object, once each; a list on the way
// stands for its items.
func PathsOf(v Value) []string {
	seen := map[string]bool{}
	var out []string
	var walk func(prefix string, v Value)
	walk = func(prefix string, v Value) {
		switch v.Kind() {
		case Object:
			for name, x := range v.Members() {
				walk(strings.TrimPrefix(prefix+"."+name, "."), x)
			}
		case List:
			for x := range v.Items() {
				walk(prefix, x)
			}
		default:
			if !seen[prefix] {
				seen[prefix] = true
				out = append(out, prefix)
			}
		}
	}
	walk("", v)
	return out
}

// Paths are the dotted paths of all fields that hold no further ones, in order.
func (s *Schema) Paths() []string {
	var out []string
	s.paths("", &out)
	return out
}

func (s *Schema) paths(prefix string, out *[]string) {
	for s != nil && s.Type == List {
		s = s.Items
	}
	if !s.Known() {
		if prefix != "" {
			*out = append(*out, prefix)
		}
		return
	}
	for _, n := range s.Names {
		p := s.Properties[n]
		p.paths(strings.TrimPrefix(prefix+"."+n, "."), out)
	}
}

// With is the schema with one more member, or with another schema of that member.
func (s Schema) With(name string, member Schema) Schema {
	props := make(map[string]Schema, len(s.Properties)+1)
	maps.Copy(props, s.Properties)
	if _, ok := props[name]; !ok {
		s.Names = append(slices.Clip(s.Names), name)
	}
	props[name] = member
	s.Type, s.Properties = Object, props
	return s
}

// WithPath is With at a dotted path; a list on the way stands for its items. What is not known on
// the way is made an open object. The schema it is asked of stays as it is.
func (s Schema) WithPath(path string, member Schema) Schema {
	name, rest, more := strings.Cut(path, ".")
	if s.Type == List {
		items := Schema{Open: true}
		if s.Items != nil {
			items = *s.Items
		}
		items = items.WithPath(path, member)
		s.Items = &items
		return s
	}
	if !more {
		return s.With(name, member)
	}
	next, ok := s.Member(name)
	if !ok {
		next = &Schema{Open: true}
	}
	return s.With(name, next.WithPath(rest, member))
}
