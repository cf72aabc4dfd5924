package sandbox

import (
	"strconv"
	"time"
)

// signTolerance is how far the timestamp of LoginBySign may be off.
const signTolerance = 5 * time.Minute

// loginAnswer has the members in the order of the server.
type loginAnswer struct {
	Message           *string       `json:"Message"`
	MessageCode       string        `json:"MessageCode"`
	LoginResultType   int           `json:"LoginResultType"`
	Context           *loginContext `json:"Context"`
	KDSVCSessionID    *string       `json:"KDSVCSessionId"`
	FormID            any           `json:"FormId"`
	RedirectFormParam any           `json:"RedirectFormParam"`
	FormInputObject   any           `json:"FormInputObject"`
	ErrorStackTrace   any           `json:"ErrorStackTrace"`
	Lcid              int           `json:"Lcid"`
	AccessToken       any           `json:"AccessToken"`
	CustomParam       object        `json:"CustomParam"`
	KdAccessResult    any           `json:"KdAccessResult"`
	IsSuccessByAPI    bool          `json:"IsSuccessByAPI"`
}

type loginContext struct {
	UserLocale              string
	DBid                    string
	DatabaseType            int
	SessionId               string //nolint:revive // the vendor's spelling
	UserId                  int64  //nolint:revive // the vendor's spelling
	UserName                string
	CustomName              string
	DisplayVersion          string
	DataCenterName          string
	UserToken               string
	CurrentOrganizationInfo object
	UTimeZone               object
	STimeZone               object
	IsDeployAsPublicCloud   bool
}

const (
	companyName = "示例公司"
	centerName  = "示例账套"
	version     = "9.0.553.10"
)

// validateUser is login by password: acctID, user, password, lcid.
func (b *Box) validateUser(c *call) any {
	user := c.text(1, "username", "user")
	ok := c.text(0, "acctid") == Account && b.knows(user) && c.text(2, "password") == Password
	return b.login(c, user, ok, "用户名或密码错误", "", c.text(3, "lcid"))
}

// loginByAppSecret takes acctID, user, appId, appSecret, lcid.
func (b *Box) loginByAppSecret(c *call) any {
	user := c.text(1, "username", "user")
	ok := c.text(0, "acctid") == Account && b.knows(user) && c.text(2, "appid") == AppID && c.text(3, "appsecret") == Secret
	return b.login(c, user, ok, "第三方系统登录授权验证失败", "002005000003016", c.text(4, "lcid"))
}

// loginBySign takes acctID, user, appId, timestamp, sign, lcid.
func (b *Box) loginBySign(c *call) any {
	acct, user, app := c.text(0, "acctid"), c.text(1, "username", "user"), c.text(2, "appid")
	stamp := c.text(3, "timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	off := c.now.Sub(time.Unix(seconds, 0)).Abs()
	ok := acct == Account && b.knows(user) && app == AppID && err == nil && off <= signTolerance &&
		c.text(4, "sign") == loginSignature(acct, user, app, Secret, stamp)
	return b.login(c, user, ok, "签名验证失败", "002005000003016", c.text(5, "lcid"))
}

// login answers an attempt, and locks a user out who failed too often.
func (b *Box) login(c *call, user string, ok bool, reason, code, lcid string) any {
	s := &b.sessions
	switch {
	case s.locked[user].After(c.now):
		return b.refuseLogin(c, -1, "登录失败次数超限，用户已被锁定，请30分钟后再试或联系管理员", "")
	case !ok:
		if s.failed[user]++; s.failed[user] >= loginsAllowed {
			s.failed[user] = 0
			s.locked[user] = c.now.Add(lockTime)
		}
		return b.refuseLogin(c, 0, reason, code)
	}
	s.failed[user] = 0
	delete(s.locked, user)
	kind := b.options.LoginResult
	if kind != 1 && kind != -5 && kind != -4 {
		return b.refuseLogin(c, kind, "登录失败", "")
	}
	n, _ := strconv.Atoi(lcid)
	c.use(b.open(user, language(n), c.now, b.options.idle(), false))
	return b.welcome(c, kind)
}

func (b *Box) refuseLogin(c *call, kind int, reason, code string) any {
	c.failed = true
	return loginAnswer{Message: &reason, MessageCode: code, LoginResultType: kind, CustomParam: object{}}
}

func (b *Box) welcome(c *call, kind int) any {
	org := b.byNumber("ORG_Organizations", "100")
	locale := "zh-CN"
	if c.lcid == english {
		locale = "en-US"
	}
	return loginAnswer{
		MessageCode: "CheckPasswordPolicy", LoginResultType: kind, KDSVCSessionID: &c.session.id, IsSuccessByAPI: true, CustomParam: object{},
		Context: &loginContext{
			UserLocale: locale, DBid: Account, DatabaseType: 3, SessionId: c.session.asp, UserId: c.user.id, UserName: c.session.user,
			CustomName: companyName, DisplayVersion: version, DataCenterName: centerName, UserToken: guid(b.kit.Rand),
			CurrentOrganizationInfo: object{{"ID", org.id}, {"AcctOrgType", "1"}, {"Name", org.name(c.lcid)}, {"FunctionIds", []int{101, 102, 103}}},
			UTimeZone:               object{{"OffsetTicks", 288000000000}, {"Id", 230}, {"Number", "1078_SYS"}},
			STimeZone:               object{{"OffsetTicks", 288000000000}},
		},
	}
}

// logout frees the session.
func (b *Box) logout(c *call) any {
	b.end(c.sid, c.now)
	return true
}

// dataCenters lists the account sets; it needs no login.
func (b *Box) dataCenters(*call) any {
	return []object{{
		{"Id", Account},
		{"Number", "001"},
		{"Name", centerName},
		{"Version", version},
		{"GDCID", "00000000-0000-4000-8000-000000000001"},
		{"AuthenticationMethods", []int{1}},
	}}
}

// language is what the server speaks when it is asked for a language: it has three.
func language(lcid int) int {
	if lcid == english || lcid == traditional {
		return lcid
	}
	return chinese
}

const traditional = 3076

// knows says whether somebody may log in by this name.
func (b *Box) knows(user string) bool { return user == User || user == Person }

// userNamed is the user's row in SEC_User.
func (b *Box) userNamed(name string) *doc { return b.byNumber("SEC_User", name) }

// byNumber is the first row of base data with a number.
func (b *Box) byNumber(form, number string) *doc {
	if list := b.table(form).byNumber[number]; len(list) > 0 {
		return list[0]
	}
	return nil
}
