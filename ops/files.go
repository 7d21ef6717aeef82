package ops

import (
	"fmt"
	"path/filepath"
	"reflect"
)

// Files lists the files that the parameters name ([Path]), in their order, as [lazy.Open] takes
// them.
func (op Op) Files() ([]string, error) {
	var files []string
	_, p, err := op.decode()
	if err == nil {
		err = eachPath(reflect.ValueOf(p), func(p Path) (Path, error) {
			files = append(files, string(p))
			return p, nil
		})
	}
	return files, err
}

// Absolute is [Op.Canonical] with absolute paths, so that the operation means the same in every
// directory.
func (op Op) Absolute() (Op, error) { return op.MapFiles(filepath.Abs) }

// MapFiles is [Op.Canonical] with every file that the parameters name ([Path]) replaced by what f
// makes of it.
func (op Op) MapFiles(f func(path string) (string, error)) (Op, error) {
	_, p, err := op.decode()
	if err != nil {
		return Op{}, err
	}
	err = eachPath(reflect.ValueOf(p), func(p Path) (Path, error) {
		file, err := f(string(p))
		return Path(file), err
	})
	if err != nil {
		return Op{}, fmt.Errorf("%s: %w", op.Name, err)
	}
	return New(op.Name, p)
}

var pathType = reflect.TypeFor[Path]()

// eachPath replaces the paths in parameters that were read from JSON, which therefore have no
// cycles.
func eachPath(v reflect.Value, f func(p Path) (Path, error)) error {
	if v.IsValid() && v.Type() == pathType {
		if v.Len() == 0 || !v.CanSet() {
			return nil
		}
		p, err := f(Path(v.String()))
		v.SetString(string(p))
		return err
	}
	switch v.Kind() {
	case reflect.Pointer:
		return eachPath(v.Elem(), f)
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() && (!field.Anonymous || field.Type.Kind() != reflect.Struct) {
				continue
			}
			if err := eachPath(v.Field(i), f); err != nil {
				return err
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if err := eachPath(v.Index(i), f); err != nil {
				return err
			}
		}
	case reflect.Map:
		return eachPathInMap(v, f)
	}
	return nil
}

// eachPathInMap copies values, which cannot be set in place.
func eachPathInMap(v reflect.Value, f func(p Path) (Path, error)) error {
	for _, key := range v.MapKeys() {
		value := reflect.New(v.Type().Elem()).Elem()
		value.Set(v.MapIndex(key))
		if err := eachPath(value, f); err != nil {
			return err
		}
		v.SetMapIndex(key, value)
	}
	return nil
}
