package sandbox

import (
	"slices"
	"strconv"
	"time"
)

// shop is a store on a platform.
type shop struct {
	sid         int    // Amazon; 0 elsewhere
	storeID     string // of the multi-platform services
	name        string
	platform    string // code: 10001 Amazon, 10002 Shopify
	market      *market
	currency    string
	zone        *time.Location
	channel     string // sales_channel
	numberStart []int  // first groups of its order numbers
	status      int
}

const (
	platformAmazon  = "10001"
	platformShopify = "10002"
)

var platformNames = map[string]string{platformAmazon: "Amazon", platformShopify: "Shopify"}

// market is one of Amazon's marketplaces.
type market struct {
	MID       int    `json:"mid"`
	Region    string `json:"region"`
	AWSRegion string `json:"aws_region"`
	Country   string `json:"country"`
	Code      string `json:"code"`
	ID        string `json:"marketplace_id"`
}

var markets = []*market{
	{1, "NA", "us-east-1", "美国", "US", "ATVPDKIKX0DER"},
	{4, "EU", "eu-west-1", "英国", "UK", "A1F83G8C2ARO7P"},
	{5, "EU", "eu-west-1", "德国", "DE", "A1PA6795UKMFR9"},
	{10, "FE", "us-west-2", "日本", "JP", "A1VC38T7YXB528"},
}

// unmappedSID is the shop that no shipped shop table knows.
const unmappedSID = 199

func newShops() []*shop {
	zone := func(name string) *time.Location {
		z, err := time.LoadLocation(name)
		if err != nil {
			return time.UTC // unreachable: the zones are linked in
		}
		return z
	}
	return []*shop{
		{113, "110268822038527113", "PIPE-US", platformAmazon, markets[0], "USD", zone("America/Los_Angeles"), "Amazon.com", []int{111, 112, 113, 114}, 1},
		{114, "110268822038527114", "PIPE-UK", platformAmazon, markets[1], "GBP", zone("Europe/London"), "Amazon.co.uk", []int{202, 203, 204, 206}, 1},
		{115, "110268822038527115", "PIPE-JP", platformAmazon, markets[3], "JPY", zone("Asia/Tokyo"), "Amazon.co.jp", []int{249, 250, 503}, 1},
		{unmappedSID, "110268822038527199", "PIPE-DE", platformAmazon, markets[2], "EUR", zone("Europe/Berlin"), "Amazon.de", []int{302, 303, 304}, 1},
		{0, "110268822038528000", "PIPE-SHOP", platformShopify, markets[0], "USD", zone("America/New_York"), "pipe-shop", nil, 1},
	}
}

func (c *catalogue) shopBySID(sid string) *shop {
	for _, s := range c.shops {
		if s.sid != 0 && strconv.Itoa(s.sid) == sid {
			return s
		}
	}
	return nil
}

type seller struct {
	SID           int    `json:"sid"`
	MID           int    `json:"mid"`
	Name          string `json:"name"`
	SellerID      string `json:"seller_id"`
	AccountName   string `json:"account_name"`
	AccountID     int    `json:"seller_account_id"`
	Region        string `json:"region"`
	Country       string `json:"country"`
	HasAds        int    `json:"has_ads_setting"`
	MarketplaceID string `json:"marketplace_id"`
	Status        int    `json:"status"`
}

// sellers answers GET /erp/sc/data/seller/lists.
func (b *Box) sellers() (reply, error) {
	rows := []seller{}
	for _, s := range b.shops {
		if s.sid == 0 {
			continue
		}
		rows = append(rows, seller{s.sid, s.market.MID, s.name, sellerID, "pipe", 2, s.market.Region, s.market.Country, 0, s.market.ID, s.status})
	}
	return list(rows, noTotal), nil
}

const sellerID = "A1PIPECTLDEMO"

// marketplaces answers GET /erp/sc/data/seller/allMarketplace.
func (b *Box) marketplaces() (reply, error) { return list(markets, noTotal), nil }

type storesIn struct {
	slicing
	Platforms texts  `json:"platform_code"`
	Sync      number `json:"is_sync"`
	Status    number `json:"status"`
}

type store struct {
	StoreID      string `json:"store_id"`
	SID          string `json:"sid"`
	Name         string `json:"store_name"`
	Platform     string `json:"platform_code"`
	PlatformName string `json:"platform_name"`
	Currency     string `json:"currency"`
	Sync         int    `json:"is_sync"`
	Status       int    `json:"status"`
}

// stores answers POST /pb/mp/shop/v2/getSellerList.
func (b *Box) stores(in storesIn) (reply, error) {
	var rows []store
	platforms := newSet(in.Platforms)
	for _, s := range b.shops {
		if !platforms.has(s.platform) || in.Sync.or(1) != 1 || in.Status.or(int64(s.status)) != int64(s.status) {
			continue
		}
		sid := ""
		if s.sid != 0 {
			sid = strconv.Itoa(s.sid)
		}
		rows = append(rows, store{s.storeID, sid, s.name, s.platform, platformNames[s.platform], s.currency, 1, s.status})
	}
	lo, hi, err := in.span(len(rows), 200, 200)
	return list(slices.Clone(rows[lo:hi]), len(rows)), err
}
