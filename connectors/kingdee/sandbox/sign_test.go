package sandbox

import (
	"encoding/base64"
	"slices"
	"testing"
)

const (
	vectorAcct   = "65a1b2c3d4e5f6"
	vectorApp    = "300001_Zm9vYmFyYmF6cXV4MDEyMzQ1Njc4OWFi"
	vectorSecret = "9f1c0d2e3b4a59687786a5b4c3d2e1f0"
	vectorForms  = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."
)

// Vectors computed by independent implementations of LoginBySign.
func TestLoginSignature(t *testing.T) {
	for _, v := range []struct{ id, acct, user, secret, stamp, want string }{
		{"L1", vectorAcct, "apiuser", vectorSecret, "1767225600", "7ff1012bd1ce1708f3f4ab9d3ad1f4267063db2e0068458015d0fc08f450559e"},
		{"L2", vectorAcct, "接口用户", vectorSecret, "1767225600", "8aaac16f043937bc4e2aafc1583aaecd743a4e5f03663388ac6a5645239dbfd2"},
		{"L3", vectorAcct, "Admin", "Zdemo", "1767225600", "6676fd2c7a242bcfc41523ac8e3b4244ac2f3ad655669ce17b17420040e2a061"},
		{"L4", "", "apiuser", "a+b/c=d&e 5%", "1767225603", "ada3b2552c85c89e6c281f91d4d21fc5391a8eb3c98c394dbf76912981169e1e"},
	} {
		if got := loginSignature(v.acct, v.user, vectorApp, v.secret, v.stamp); got != v.want {
			t.Errorf("%s: %s", v.id, got)
		}
	}
}

// Vectors computed by the vendor's Python SDK, two of them by the Java SDK as well.
func TestHeaderSignatures(t *testing.T) {
	for _, v := range []struct {
		id, path, user, lcid, org, app, secret, stamp string
		gateway, data, sign, key                      string
	}{
		{
			"H1", "/k3cloud/" + vectorForms + "Save.common.kdsvc", "apiuser", "2052", "0", vectorApp, vectorSecret, "1767225600",
			"NTI1MTVkODllYmM0MGViOGRhNWNkOTQ3MGYxNmZmOGZjMTIzMDExMzQ2MTE5N2Y3NTk5OTJjOTc5OGJkNTUzNA==", "NjVhMWIyYzNkNGU1ZjYsYXBpdXNlciwyMDUyLDA=", "MWQ2MTI3ZTg4YTVkNTY2YmI1MjYyY2VhMDAwOGE4MTcyMTYzYWUyYmQ4ZWFmYjEyY2YzMGUyMzg5OGM0OGYzYQ==", "Vl9aVgdBW1YZR0dLBAIFC1YFD1RZDgVR",
		},
		{
			"H2", "/k3cloud/" + vectorForms + "ExecuteBillQuery.common.kdsvc", "接口用户", "2052", "0", vectorApp, vectorSecret, "1767225600",
			"MGQ0NTg2MDFmMjFiNDNmMzc4NzEyOTg5ZDkxNzE3ZjI4OTU3ZWUyZDFiNGExYzFlN2JkOGZhZWU4OWJjYmQ4Yg==", "NjVhMWIyYzNkNGU1ZjYs5o6l5Y+j55So5oi3LDIwNTIsMA==", "OTVmNTQ4NzU0M2IwNWMxNDk0YWZhMWMyOWZlZTBjOGY4NTM4YzZjMmM0MWQ2MDBhZWVjMWYxOTA4ODJjNDlhZg==", "Vl9aVgdBW1YZR0dLBAIFC1YFD1RZDgVR",
		},
		{
			"H3", "/galaxyapi/" + vectorForms + "View.common.kdsvc", "apiuser", "2052", "101.2", "300002_PiPoFgA5WUoziU9lZOGxNIu9egCI1CxK", "demo-secret+/=%& x", "1767225601",
			"YjIwY2FhNjE5MTg5MjMxZDIzYjk3MjA2ZTcwZjg3MmQ5YjkzZmJhMGNiMmI2M2RkYjUzMmVlMDA0YzYwNDc0ZQ==", "NjVhMWIyYzNkNGU1ZjYsYXBpdXNlciwyMDUyLDEwMS4y", "YjVjZGU0MWFmYzQ1NTc0MjY1OTU5YTE4MmRlNGQ3Y2JjYWU3N2JjNmYyM2IwMDk2ZmMzMzI0ZWNjMTA2MWE4MA==", "DhPdImYKYH1Qv31WUNKGDOmNQ2Pp40h5",
		},
		{
			"H4", "/K3Cloud/" + vectorForms + "Audit.common.kdsvc", "o'neil,bob", "1033", "", "300003_Ln0sA6lQeuJl7PW1NWiFpTOTogKdJBOU", "s", "1767225602",
			"OGE2NjM2NDYxNjBlZTE1MWUwZjkwMTM0MWUxOTI1N2RlNTAyMGJhZWQ5ZDkyNWI0MDQxMzRkYjAzM2Y3MGMwOQ==", "NjVhMWIyYzNkNGU1ZjYsbyduZWlsLGJvYiwxMDMzLA==", "OWY0OTc5M2Y1NjYxNDQwNGZiMDcwZWFlYjAzNjZmNDgyZTViNDQ5ZWVkMGM1ODRmMDZkY2MyMTRhOTVmMGY4YQ==", "Hk0ZN89jQ9UG2seGAVuynVGjm2H8E3en",
		},
		{
			"H5", "/K3 Cloud/" + vectorForms + "Save.common.kdsvc", "张三", "3076", "0", "300004_GKw+c0PwFokMUQ6T+TUmEWnZ4/VlQ2Qp", "密钥-demo", "1767225603",
			"NzM0MDVmM2ViMDIxZjZkZTc3ZmM4M2ZiNjgyNDY4NzZkNzM5ZGQ5ODk1MGM2NTAwY2ZiZGVlOWQ5MTMzODRiMw==", "NjVhMWIyYzNkNGU1ZjYs5byg5LiJLDMwNzYsMA==", "OGFhMDZhZWM2MGQ2MjhhMzA2OGM0NmQ4MDk1OTMxMjNhM2JiMzA5ZGY0YzE5Y2JmMTlkZmY0ZTBiYjE3MDk3Ng==", "KJwLRyXDL75vZzygzQYRKQvp2pYEdAAa",
		},
		{
			"H6", "/K3Cloud/" + vectorForms + "ExecuteBillQuery.common.kdsvc", "接口用户", "2052", "0", vectorApp, vectorSecret, "1795498271178",
			"MTFlNmVjZWY3NjUxNWQ0ZTIyMjMwYmU3ZTc4Y2U2NjJmN2RkMGEzY2JmZjgxNGQ0NGQ4N2IxMTBmOTJiOTZlYg==", "NjVhMWIyYzNkNGU1ZjYs5o6l5Y+j55So5oi3LDIwNTIsMA==", "OTVmNTQ4NzU0M2IwNWMxNDk0YWZhMWMyOWZlZTBjOGY4NTM4YzZjMmM0MWQ2MDBhZWVjMWYxOTA4ODJjNDlhZg==", "Vl9aVgdBW1YZR0dLBAIFC1YFD1RZDgVR",
		},
	} {
		who := identity{vectorAcct, v.user, v.lcid, v.org}
		if got := base64.StdEncoding.EncodeToString([]byte(who.String())); got != v.data {
			t.Errorf("%s: X-Kd-Appdata %s", v.id, got)
		}
		if got, ok := parseIdentity(who.String()); !ok || got != who {
			t.Errorf("%s: read back as %v", v.id, got)
		}
		if got := dataSignature(v.app, v.secret, who); got != v.sign {
			t.Errorf("%s: X-Kd-Signature %s", v.id, got)
		}
		if got, _ := gatewaySecret(v.app); got != v.key {
			t.Errorf("%s: key of the gateway %s", v.id, got)
		}
		if got := gatewaySignatures(v.app, v.path, v.stamp, v.stamp); !slices.Contains(got, v.gateway) {
			t.Errorf("%s: X-Api-Signature %v", v.id, got)
		}
	}
}

func FuzzIdentity(f *testing.F) {
	f.Add("65a1b2c3d4e5f6", "o'neil,bob", "1033", "")
	f.Fuzz(func(t *testing.T, acct, user, lcid, org string) {
		who := identity{acct, user, lcid, org}
		got, ok := parseIdentity(who.String())
		if !ok {
			t.Fatalf("%q cannot be read back", who)
		}
		if got.String() != who.String() {
			t.Fatalf("%q became %q", who, got)
		}
	})
}
