// The gateway's main job in Go: peer PORT SCHEME UPSTREAM_PORT CA_FILE TOKEN_HASH
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
)

const id, key = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA", "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"

var pathOf = regexp.MustCompile(`^/vpcs/(vpc-[0-9a-z]+)/classiclinks$`)
var instanceOf = regexp.MustCompile(`^ins-[0-9a-z]+$`)

func sign(vpc string, instances []string) string {
	pairs := []string{"Action=DetachClassicLinkVpc", "Nonce=" + strconv.Itoa(rand.Intn(1<<31-2)+1), "Region=ap-guangzhou",
		"SecretId=" + id, "SignatureMethod=HmacSHA256", "Timestamp=" + strconv.FormatInt(time.Now().Unix(), 10),
		"vpcId=" + vpc}
	for i, instance := range instances {
		pairs = append(pairs, "instanceIds."+strconv.Itoa(i)+"="+instance)
	}
	sort.Strings(pairs)
	query := strings.Join(pairs, "&")
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("GETvpc.api.qcloud.com/v2/index.php?" + query))
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

func main() {
	port, scheme, upstream, ca, tokenHash := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	pem, err := os.ReadFile(ca)
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	transport := &http.Transport{MaxIdleConns: 512, MaxIdleConnsPerHost: 512, DisableCompression: true,
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "localhost"}}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	handler := func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		hash := sha256.Sum256([]byte(token))
		if hex.EncodeToString(hash[:]) != tokenHash {
			http.Error(w, `{"status":401}`, 401)
			return
		}
		path := pathOf.FindStringSubmatch(r.URL.Path)
		if path == nil || r.Method != "DELETE" {
			http.Error(w, `{"status":404}`, 404)
			return
		}
		var body struct{ InstanceIds []string }
		if json.NewDecoder(http.MaxBytesReader(w, r.Body, 65536)).Decode(&body) != nil {
			http.Error(w, `{"status":400}`, 400)
			return
		}
		for _, instance := range body.InstanceIds {
			if !instanceOf.MatchString(instance) {
				http.Error(w, `{"status":400}`, 400)
				return
			}
		}
		request, _ := http.NewRequest("GET", scheme+"://127.0.0.1:"+upstream+"/v2/index.php?"+sign(path[1], body.InstanceIds), nil)
		request.Host = "vpc.api.qcloud.com"
		reply, err := client.Do(request)
		if err != nil {
			http.Error(w, `{"status":502}`, 502)
			return
		}
		defer reply.Body.Close()
		bytes, _ := io.ReadAll(reply.Body)
		var answer struct{ Code int }
		if json.Unmarshal(bytes, &answer) != nil || answer.Code != 0 {
			http.Error(w, `{"status":502}`, 502)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(202)
		w.Write(bytes)
	}
	panic(http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(handler)))
}
